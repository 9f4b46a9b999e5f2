use thiserror::Error;

/// What can be wrong with how a pipeline is set up. Records themselves never fail: what cannot be read as
/// asked is kept as plain text.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// The separator is empty or too long.
    #[error("separator of {length} bytes is not allowed: use 1 to {limit} bytes")]
    BadSeparator {
        /// Its length.
        length: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// The largest record is out of range.
    #[error("max_record of {bytes} bytes is not allowed: use {least} to {most} bytes")]
    BadRecordLimit {
        /// What was asked for.
        bytes: usize,
        /// The least allowed.
        least: usize,
        /// The most allowed.
        most: usize,
    },
    /// A regular expression does not compile.
    #[error("{key} is not a valid regular expression: {pattern:?}")]
    BadPattern {
        /// `break_before` or `break_after`.
        key: &'static str,
        /// As it was written.
        pattern: String,
        /// What the compiler says.
        #[source]
        source: Box<regex::Error>,
    },
    /// No encoding has this name.
    #[error("encoding {0:?} is not known: use auto, utf-8, utf-16le, utf-16be or a name such as windows-1251")]
    UnknownEncoding(String),
    /// No codec has this name.
    #[error("codec {0:?} is not known: use auto, plain, syslog, json or access")]
    UnknownCodec(String),
}
