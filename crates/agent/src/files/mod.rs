//! Files looked at: their hash, what they are, and walking through folders within limits.
//!
//! Used by `watchpost scan files`, by the commands of a server, and for the programs that are started.
//!
//! Start reading at [`walk()`].

mod hash;
mod kind;
mod known;
mod os;
mod walk;

pub use hash::{HashError, PIECE, Sha256Sum, sha256};
pub use kind::{FileKind, HEAD_BYTES};
pub(crate) use known::words;
pub use known::{Known, Lookups};
pub(crate) use os::true_path;
pub(crate) use walk::open_regular;
pub use walk::{Found, Limits, Looked, Trouble, Walked, look_at, walk};
