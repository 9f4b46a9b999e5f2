//! What can go wrong between the command line and a server, and what to do about it.

use thiserror::Error;
use watchpost_event::protocol::ApiError;

use crate::Exit;

/// An error of a client command.
#[derive(Debug, Error)]
pub enum ConsoleError {
    /// No server answers there.
    #[error("cannot reach the server at {place}")]
    Unreachable {
        /// Socket path or address.
        place: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The HTTP client could not be set up.
    #[error("cannot prepare the connection to {place}")]
    Setup {
        /// Socket path or address.
        place: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// A server on this host cannot be reached by a socket.
    #[error("{place} cannot be asked from this operating system")]
    Local {
        /// Socket path.
        place: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address is none.
    #[error("{url:?} is not an address of a server")]
    BadUrl {
        /// As it was given.
        url: String,
    },
    /// A file with certificates could not be used.
    #[error("cannot read the certificates in {path}")]
    Certificates {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The answer broke off.
    #[error("the answer of the server at {place} broke off")]
    BrokenOff {
        /// Socket path or address.
        place: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The live connection failed.
    #[error("the live connection to the server broke off")]
    Live(#[source] std::io::Error),
    /// The answer is not what this program understands.
    #[error("the answer to {request} is not understood")]
    NotUnderstood {
        /// The request.
        request: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The answer is larger than it may be.
    #[error("the answer to {request} is over {limit} bytes")]
    TooLarge {
        /// The request.
        request: String,
        /// The limit.
        limit: usize,
    },
    /// The server refused, and says why.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its stable word.
        code: String,
        /// Its sentence.
        message: String,
    },
    /// A query that cannot be read, with its place marked.
    #[error("the query cannot be read: {message}\n  {query}\n  {}", marker(query, *at, *length))]
    Query {
        /// The query.
        query: String,
        /// What is wrong.
        message: String,
        /// First byte of what is wrong.
        at: usize,
        /// How many bytes.
        length: usize,
    },
    /// An export is not whole.
    #[error("the export ended early: {reason}")]
    Ended {
        /// What its last line says.
        reason: String,
    },
    /// A rule that is not there, or not clearly meant.
    #[error("{meant} rule is called {text:?}")]
    BadRule {
        /// As it was given.
        text: String,
        /// `no`, or `more than one`.
        meant: &'static str,
    },
    /// A back-test did not come to its end.
    #[error("the back-test ended early: {reason}")]
    Backtest {
        /// What its last line says.
        reason: String,
    },
    /// The answer of a search is not of all events.
    #[error("{message}")]
    Cut {
        /// How far it came, and what to do.
        message: String,
    },
    /// A file cannot be written.
    #[error("cannot write {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A time that cannot be read.
    #[error("time {text:?} is not understood")]
    BadTime {
        /// As it was given.
        text: String,
    },
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[from] std::io::Error),
}

/// A line of `^` under a part of a text.
fn marker(text: &str, at: usize, length: usize) -> String {
    let width = |part: Option<&str>| part.map_or(0, |part| part.chars().count());
    let before = width(text.get(..at));
    let under = width(text.get(at..at.saturating_add(length).min(text.len()))).max(1);
    format!("{}{}", " ".repeat(before), "^".repeat(under))
}

impl ConsoleError {
    /// From a server's answer.
    pub(crate) fn refused(status: u16, error: ApiError, query: Option<&str>) -> Self {
        let number = |name: &str| error.details.as_ref()?.get(name)?.as_u64().map(|n| n as usize);
        match (error.code.as_str(), query, number("at")) {
            ("bad_query", Some(query), Some(at)) => {
                let length = number("len").unwrap_or(1);
                Self::Query {
                    query: query.to_owned(),
                    message: error.message,
                    at,
                    length,
                }
            }
            _ => Self::Refused {
                status,
                code: error.code,
                message: error.message,
            },
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable { .. } => {
                "is it running? `watchpost up` starts one here; WATCHPOST_URL and WATCHPOST_TOKEN name another"
                    .to_owned()
            }
            Self::BadUrl { .. } => "WATCHPOST_URL looks like https://watch.example.org:7443".to_owned(),
            Self::Refused { status: 401, .. } => {
                "set WATCHPOST_TOKEN to a key made by `watchpost token create`".to_owned()
            }
            Self::Refused { status: 403, .. } => {
                "this key may not do that: `watchpost token list` shows what each may do".to_owned()
            }
            Self::Query { .. } => "see `watchpost search --help` for the language".to_owned(),
            Self::BadRule { .. } => "`watchpost rules list --json` names their keys".to_owned(),
            Self::BadTime { .. } => "use now, -15m, -1h, -7d, 2026-11-20, 2026-11-20T22:41 or RFC 3339".to_owned(),
            Self::TooLarge { .. } => "ask for less: a shorter time or a smaller --limit".to_owned(),
            _ => return None,
        })
    }

    /// How the command ends.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Query { .. }
            | Self::BadRule { .. }
            | Self::BadTime { .. }
            | Self::BadUrl { .. }
            | Self::Certificates { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }

    /// Whether the reader of our output went away, which is no failure: `watchpost search … | head`.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_error_points_at_its_place() {
        let error = ApiError {
            code: "bad_query".to_owned(),
            message: "the bracket is never closed".to_owned(),
            details: Some(serde_json::json!({ "at": 9, "len": 3 })),
        };
        let error = ConsoleError::refused(400, error, Some("ошибка (a b"));
        assert_eq!(
            error.to_string(),
            "the query cannot be read: the bracket is never closed\n  ошибка (a b\n  ^"
        );
        assert_eq!(error.exit(), Exit::Usage);
        assert_eq!(marker("x AND (a b", 6, 4), "      ^^^^");
        assert_eq!(marker("short", 90, 4), "^");
    }
}
