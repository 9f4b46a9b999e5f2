use thiserror::Error;

/// Why a report could not become a PDF. HTML can always be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A typeface built into the program cannot be read or cut down.
    #[error("cannot use the typeface {face}: {reason}")]
    Typeface {
        /// Its name.
        face: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}
