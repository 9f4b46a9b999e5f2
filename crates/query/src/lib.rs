//! The one expression language: text to syntax tree, and does this event match? Search, live tail, agent
//! filters, notification routes, silences and thresholds all speak it.
//!
//! What never enters: stores, I/O, the clock (so no relative times: a search's `--from -1h` is not part
//! of its expression). Pipes are not part of an expression either: where a filter is asked for, one is refused.
//!
//! Start reading at [`Expr`] (what a query asks for), then [`Expr::matches`] (what it means), then
//! [`necessary`] (what a store may skip by), then [`Pipeline`] (what is made of what was found).
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
//! # Pipes
//!
//! ```text
//! search      = query , { "|" , stage } ;
//! stage       = "stats" , call , { "," , call } , [ "by" , key , { "," , key } ]
//!             | ( "top" | "rare" ) , [ number ] , names                   (* 10 rows *)
//!             | "sort" , [ "-" | "+" ] , column , { "," , [ "-" | "+" ] , column }
//!             | "fields" , names
//!             | "head" , [ number ]                                       (* 10 rows *)
//!             | "where" , or ;
//! call        = function , "(" , [ name , [ "," , decimal ] ] , ")" , [ "as" , name ] ;
//! function    = "count" | "sum" | "avg" | "min" | "max" | "uniq" | "count_distinct" | "percentile"
//!             | "p" , decimal ;                                           (* p50, p99.9 *)
//! key         = name | "@timestamp" , ":" , interval ;
//! interval    = { number , ( "ms" | "s" | "m" | "h" | "d" | "w" ) } ;     (* 1h30m *)
//! names       = column , { "," , column } ;
//! column      = name | call without "as" ;                                (* sum(bytes) *)
//! ```
//! Words of a stage may stand in any case. In a stage, a `where` is a query; parentheses hold no pipes.
//!
//! - **Events** go into the first stage newest first. `where` and `head` let events pass; `fields` makes rows of them;
//!   `stats`, `top` and `rare` make groups; `sort` orders whatever comes.
//! - **Columns** are named by `as`, else as they are written: `count`, `sum(bytes)`. Behind `stats`, `top`, `rare` and
//!   `fields` there are only theirs.
//! - **Groups** are told apart by values as they are: texts with their case, numbers by their worth, `1` and `"1"` are
//!   two. Rows without the field are the group null. A row whose field is a list is in the group of each different
//!   element (64 at most). `@timestamp:1h` cuts to multiples of the interval since 1970 UTC; whole weeks begin on Monday.
//! - **Functions** look at every element of a list. `sum`, `avg` and percentiles take numbers and never text that looks
//!   like one; sums are exact, percentiles are by nearest rank among doubles. `min` and `max` are of the numbers where
//!   there are any, else of times, else of texts. `count(f)` counts rows that have a value. Of no values, `count` and
//!   `uniq` are 0 and the others null.
//! - **Estimates** begin where too much would have to be kept: `uniq` behind 8,192 values of a group (HyperLogLog, an
//!   error of 0.8 %), percentiles behind 4,096 numbers (DDSketch, at most 1 %). [`Column::estimated`] says so.
//! - **Order**: of `stats` by time, else the greatest first value first; of `top` and `rare` by count; then by the
//!   groups. `sort` puts numbers before times before texts before true and false, and null last in either direction.
//!
//! [`Partial`] results of different events merge, in any order, to exactly what one of all events gives.
//!
//! Limits: 16 pipes, 32 values and 16 keys of one `stats`, 64 names, 10,000 rows of a `sort`. Of a query: 16 KiB of text, 1000 terms, 64 levels of parentheses and NOT, 1000 characters of regular expression.

mod ast;
mod cidr;
mod error;
mod level;
mod necessary;
mod number;
mod parse;
mod pattern;
mod pipe;
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
pub use parse::{parse, parse_search};
pub use pattern::{Glob, GlobPiece, Pattern};
pub use pipe::{
    Call, Cell, Column, Function, GroupKey, Known, Output, Partial, Pipeline, Role, Rows, Search, SortKey, Stage,
    Stats, Top,
};
pub use query::{Hint, Query};
pub use text::Word;
pub use value::{Literal, field_value_key, for_each_field_key};
