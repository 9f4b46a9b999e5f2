//! An error with its remedy and the exit code it deserves; printed once, here.

use std::error::Error;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use watchpost_console::{ConsoleError, Exit};
use watchpost_kit::chain;
use watchpost_kit::config::ConfigError;

/// An error that knows what to do about itself.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    hint: Option<String>,
    exit: Exit,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

/// Adds a remedy to an error.
pub trait Remedy<T> {
    /// The command fails with a `hint:` line.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
    /// The command was used wrongly.
    fn usage(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Remedy<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| with_hint(error, hint))
    }

    fn usage(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| usage(error, hint))
    }
}

/// An error with its remedy.
pub fn with_hint(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    Failure {
        error: error.into(),
        hint: Some(hint.into()),
        exit: Exit::Failed,
    }
    .into()
}

/// An error of whoever called the program, with its remedy.
pub fn usage(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    Failure {
        error: error.into(),
        hint: Some(hint.into()),
        exit: Exit::Usage,
    }
    .into()
}

/// Reads the command line, runs it, and says what went wrong.
pub fn main<C: Parser>(run: impl FnOnce(&C) -> anyhow::Result<Exit>) -> ExitCode {
    let cli = match C::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure; a reader that went away is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    run(&cli).unwrap_or_else(|error| report(&error)).into()
}

/// Says what went wrong, why, and what to do, and returns how the program ends.
pub fn report(error: &anyhow::Error) -> Exit {
    if is_closed_pipe(error) {
        return Exit::Done;
    }
    let (hint, exit) = judge(error);
    let mut err = std::io::stderr().lock();
    // There is nobody left to tell when standard error is gone.
    let _ = writeln!(err, "error: {}", chain(error.as_ref()));
    if let Some(hint) = hint {
        let _ = writeln!(err, "hint: {hint}");
    }
    exit
}

/// The remedy and the exit code, from the outermost error that knows them.
fn judge(error: &anyhow::Error) -> (Option<String>, Exit) {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            let (inner_hint, _) = judge(&failure.error);
            return (failure.hint.clone().or(inner_hint), failure.exit);
        }
        if let Some(error) = cause.downcast_ref::<ConsoleError>() {
            return (error.hint(), error.exit());
        }
        if cause.is::<ConfigError>() {
            return (
                Some("`watchpost config check` looks at all of it; docs/configure.md has every key".to_owned()),
                Exit::Usage,
            );
        }
    }
    (None, Exit::Failed)
}

/// `watchpost search … | head` is no failure.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
            || cause
                .downcast_ref::<ConsoleError>()
                .is_some_and(ConsoleError::is_closed_pipe)
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn remedy_and_exit_code_come_from_whoever_knows() {
        let refused = || ConsoleError::Refused {
            status: 401,
            code: "unauthorized".to_owned(),
            message: "no".to_owned(),
        };
        let plain = anyhow::Error::from(refused()).context("asking");
        assert_eq!(judge(&plain).1, Exit::Failed);
        assert!(judge(&plain).0.is_some_and(|hint| hint.contains("WATCHPOST_TOKEN")));
        let wrapped: anyhow::Result<()> = Err(refused()).usage("try --help");
        let Err(wrapped) = wrapped.context("outer") else {
            unreachable!("it is an error")
        };
        assert_eq!(judge(&wrapped), (Some("try --help".to_owned()), Exit::Usage));
        assert_eq!(chain(wrapped.as_ref()), "outer: no");
    }

    #[test]
    fn a_closed_pipe_is_found_under_any_context() {
        let closed = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&anyhow::Error::from(closed()).context("writing")));
        assert!(is_closed_pipe(&ConsoleError::Output(closed()).into()));
        assert!(!is_closed_pipe(&anyhow::anyhow!("else")));
    }
}
