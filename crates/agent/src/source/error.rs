use thiserror::Error;
use watchpost_event::{EventError, StreamId};
use watchpost_pipeline::PipelineError;

/// What can be wrong with a source's settings, or stop it altogether. A file that cannot be read is none of
/// these: the others go on and it shows as a [`super::Notice`].
#[derive(Debug, Error)]
pub enum SourceError {
    /// A file source names no files.
    #[error("file source {name:?} has no `include`: name at least one file or glob")]
    NoInclude {
        /// The source's name.
        name: String,
    },
    /// A glob is not valid.
    #[error("{pattern:?} is not a valid file pattern")]
    BadGlob {
        /// As it was written.
        pattern: String,
        /// What is wrong with it.
        #[source]
        source: globset::Error,
    },
    /// `start` is none of its values.
    #[error("start {0:?} is not known: use \"end\", \"beginning\", \"recent\" or a time back such as \"6h\"")]
    BadStart(String),
    /// `query` is not the kind of filter that an event log source takes.
    #[error(
        "query {0:?} is XML: give the XPath of its Select, such as \"*[System[Level<=3]]\", and the channels by `channels`"
    )]
    BadQuery(String),
    /// A number is out of range.
    #[error("{key} = {value} is not allowed: use {least} to {most}")]
    OutOfRange {
        /// The key.
        key: &'static str,
        /// What was asked for.
        value: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// A source refers to a format nobody defined.
    #[error("format {name:?} is not defined: add [format.{name}]")]
    UnknownFormat {
        /// The name.
        name: String,
    },
    /// Framing or codec settings are not valid.
    #[error("file source {name:?} cannot be set up")]
    Pipeline {
        /// The source's name.
        name: String,
        /// Why not.
        #[source]
        source: PipelineError,
    },
    /// A source that this operating system does not have.
    #[error("this operating system has no {0}: take the section out")]
    NotHere(&'static str),
    /// A name made from the configuration is no stream.
    #[error("{name:?} cannot name a stream")]
    BadStream {
        /// The name.
        name: String,
        /// Why not.
        #[source]
        source: EventError,
    },
    /// A batch could not be made.
    #[error("cannot make a batch of stream {stream} at position {position}")]
    Batch {
        /// The stream.
        stream: StreamId,
        /// Its end.
        position: u64,
        /// Why not.
        #[source]
        source: EventError,
    },
    /// There is no inventory of this operating system.
    #[error(
        "the inventory of this operating system cannot be taken yet, only that of Windows: leave the section out, or say \
         enabled = false"
    )]
    NoInventory,
    /// Input could not be read.
    #[error("cannot read {what}")]
    Read {
        /// Which input.
        what: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}
