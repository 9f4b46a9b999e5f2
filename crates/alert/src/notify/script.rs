//! A program of one's own: it gets at its standard input what a webhook is sent, and its exit code says what became of it.

use std::path::PathBuf;
use std::time::Duration;

use watchpost_kit::DurationText;
use watchpost_run::{Ended, Program, Shutdown};

use super::http::beginning;
use super::{BoxFuture, Notifier, Outgoing};
use crate::config::{ChannelSettings, ScriptSettings};
use crate::{NotifyError, payload};

/// sysexits(3) `EX_DATAERR`: this message will never do.
const NEVER: i32 = 65;
/// All that it finds in its environment, beside the alert's number.
const ENVIRONMENT: [(&str, &str); 2] = [("PATH", "/usr/local/bin:/usr/bin:/bin"), ("LANG", "C.UTF-8")];

/// One program.
pub(crate) struct Script {
    command: Vec<String>,
    timeout: Duration,
}

impl Script {
    pub(crate) fn new(settings: &ChannelSettings, script: &ScriptSettings) -> Self {
        Self {
            command: script.command.clone(),
            timeout: settings.timeout,
        }
    }

    async fn run(&self, message: &Outgoing<'_>) -> Result<(), NotifyError> {
        let (path, args) = self.command.split_first().ok_or_else(|| later("no program is named"))?;
        let mut env: Vec<(String, String)> = ENVIRONMENT.map(|(name, value)| (name.into(), value.into())).to_vec();
        env.push(("WATCHPOST_ALERT".to_owned(), message.alert.to_string()));
        // What logs say stands in the input alone: nothing of it becomes an argument or a variable.
        let program = Program {
            path: PathBuf::from(path),
            args: args.to_vec(),
            env,
            input: payload::with_number(message).into_bytes(),
        };
        let stop = StopOnDrop(Shutdown::new());
        let of_thread = stop.0.clone();
        let running = tokio::task::spawn_blocking(move || program.run(&of_thread));
        match tokio::time::timeout(self.timeout, running).await {
            Ok(Ok(Ok(ended))) => judge(&ended),
            Ok(Ok(Err(error))) => Err(later(&format!("{path} cannot be run: {error}"))),
            Ok(Err(_)) => Err(later("running it failed unexpectedly")),
            Err(_) => Err(later(&format!("it did not end within {}", DurationText(self.timeout)))),
        }
    }
}

impl Notifier for Script {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.run(message))
    }
}

/// Whoever gives an attempt up ends the program.
struct StopOnDrop(Shutdown);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.trigger();
    }
}

fn judge(ended: &Ended) -> Result<(), NotifyError> {
    let said = beginning(ended.said.as_bytes());
    match ended.code {
        Some(0) => Ok(()),
        Some(NEVER) => Err(NotifyError::Never {
            reason: format!("exit code {NEVER}: {said}"),
        }),
        Some(code) => Err(later(&format!("exit code {code}: {said}"))),
        None => Err(later(&format!("a signal ended it: {said}"))),
    }
}

fn later(reason: &str) -> NotifyError {
    NotifyError::Later {
        after: None,
        reason: reason.to_owned(),
    }
}
