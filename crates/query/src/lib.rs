//! The one expression language: text to syntax tree, and does this event match? Search, live tail, agent
//! filters, notification routes, silences and thresholds all speak it.
//!
//! What never enters: stores, I/O, the clock (so no relative times: a search's `--from -1h` is not part
//! of its expression). Pipes are not part of an expression either.
//!
//! Start reading at [`Expr`] (what a query asks for), then [`Expr::matches`] (what it means), then
//! [`necessary`] (what a store may skip by).
//!
//! ```
//! use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};
//!
//! let query = watchpost_query::parse(r#"fail* -"invalid user" user.name:(root OR admin)"#)?;
//! let event = Event::new(Timestamp(0), 1, "Failed password for root").with("user.name", "root");
//! let origin = Origin {
//!     agent: AgentId::new("web-1")?,
//!     stream: StreamId::new("file:/var/log/auth.log")?,
//!     epoch: Epoch(1),
//!     fields: Fields::new(),
//! };
//! assert!(query.matches(&View { event: &event, origin: &origin }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Grammar
//!
//! In EBNF (ISO/IEC 14977 with `[…]` classes). White space separates terms and is otherwise free.
//!
//! ```text
//! query       = [ or ] ;                                       (* nothing: every event *)
//! or          = and , { "OR" , and } ;
//! and         = not , { [ "AND" ] , not } ;                    (* side by side means AND *)
//! not         = ( "NOT" | "-" ) , not | primary ;              (* "-" stands directly before it *)
//! primary     = "(" , or , ")" | name , ":" , value | text ;
//!
//! text        = "*"                                            (* every event *)
//!             | bare , [ "*" ]                                 (* word, or phrase of its words; prefix *)
//!             | quoted , [ "*" ] ;                             (* phrase; its last word a prefix *)
//!
//! name        = [\p{L}_@] , { [\p{L}\p{N}_@.-] } | quoted ;
//! value       = "*"                                            (* the field exists *)
//!             | quoted                                         (* equal, no patterns *)
//!             | bare                                           (* equal, or a pattern, or a network *)
//!             | "~/" , regex , "/" , [ "i" ]
//!             | ( ">" | ">=" | "<" | "<=" ) , end
//!             | ( "[" | "{" ) , end , "TO" , end , ( "]" | "}" )
//!             | "(" , group , ")" ;
//! group       = or , with value in place of primary's name and text ;
//! end         = "*" | quoted | bare ;
//!
//! quoted      = '"' , { any but '"' and "\" | '\"' | "\\" | "\" } , '"' ;
//! bare        = { any but white space ( ) " | and, where it has a meaning, the character | "\" , any } ;
//! regex       = { any but "/" | "\/" } ;                       (* syntax of the crate `regex` *)
//! ```
//!
//! # Meaning
//!
//! - **Words** are those of [`watchpost_event::words`], whole and without case. A bare term that is an IP or
//!   MAC address is that one word; one that splits into several words (`user-name`) is a phrase; a phrase is
//!   words side by side in order, whatever stands between them. `message:` before any of these changes nothing.
//! - **`AND` `OR` `NOT`** are upper case only; NOT binds before AND, AND before OR. NOT matches events
//!   without the field.
//! - **Values** compare whole and without case; a list matches when any element does; `null`, `[]` and objects
//!   are no values. A JSON number equals by worth (`1`, `1.0`); text equals text (`"1.0"` is not `1`). Text that
//!   is an address equals in any spelling; an IPv4 address mapped into IPv6 is the IPv4 address.
//! - **Patterns** (`*`) work on the whole value: any run of characters; in a pattern with a `/`, `*` stays
//!   between two slashes and `**` crosses them. Numbers and `true`/`false` are tried by their text.
//! - **Ranges** compare JSON numbers with numbers, never text with numbers; text that is an IP address with
//!   addresses; text that is a date with dates; the words of a scale ([`Scale`]) on fields whose name ends in
//!   `level` or `severity`, where equality knows the aliases too (`log.level:warn` is `warning`).
//! - **Times** stand for the whole of what they name: `@timestamp:2026-11-20` is that day, `<=2026-11-20`
//!   ends with it, `>2026-11-20` begins behind it. Without a zone they are UTC.
//! - **Networks** (`10.0.0.0/8`) hold for text that is an IP address.
//! - **Regular expressions** are found anywhere in the value, with case unless `i` stands behind.
//! - **A backslash** makes a special character plain (`\*`, `\:`, `\ `); before any other it is itself, so
//!   `C:\Windows` is written as it is. A name that holds other characters, or begins with a digit, is quoted.
//! - In a field's group, `-5` is a number and `-root` is NOT.
//!
//! Limits: 16 KiB of text, 1000 terms, 64 levels of parentheses and NOT, 1000 characters of regular expression.

mod ast;
mod cidr;
mod error;
mod level;
mod necessary;
mod number;
mod parse;
mod pattern;
mod query;
pub mod suite;
mod text;
mod time;
mod value;

pub use ast::{Expr, FieldTest, Range, TextTest};
pub use cidr::Cidr;
pub use error::ParseError;
pub use level::Scale;
pub use necessary::{Key, Necessary, necessary, time_bounds};
pub use number::Number;
pub use parse::parse;
pub use pattern::{Glob, GlobPiece, Pattern};
pub use query::{Hint, Query};
pub use text::Word;
pub use value::{Literal, field_value_key, for_each_field_key};
