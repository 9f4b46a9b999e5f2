//! Another program, run to its end: what it reads, what it says when it fails, and everything it started ended with it.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod os;

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::Shutdown;

/// How often is looked whether it has ended.
const POLL: Duration = Duration::from_millis(10);
/// What it said is waited for so long after its end: whoever it handed its standard error to may hold it open.
const LAST_WORDS: Duration = Duration::from_millis(200);
/// What is kept of what it says.
const SAID_BYTES_MAX: u64 = 4 << 10;

/// A program and what it is given. It sees no other environment than this, and works in `/`.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable's absolute path.
    pub path: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment.
    pub env: Vec<(String, String)>,
    /// What stands at its standard input.
    pub input: Vec<u8>,
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None`: a signal ended it, or [`Program::run`] was told to stop.
    pub code: Option<i32>,
    /// The beginning of what it wrote to standard error, at most 4 KiB.
    pub said: String,
    /// It was ended because of `stop`.
    pub stopped: bool,
}

impl Program {
    /// Runs it until it ends or `stop` is triggered. What it left running is ended too, where the system can do that
    /// (on Unix: its process group). Blocks the thread.
    pub fn run(self, stop: &Shutdown) -> io::Result<Ended> {
        let mut command = Command::new(&self.path);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.env)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        os::apart(&mut command);
        let mut child = command.spawn()?;
        if let Some(stdin) = child.stdin.take() {
            feed(stdin, self.input);
        }
        let words = child.stderr.take().map(listen);
        let mut stopped = false;
        while !os::has_ended(&mut child)? {
            if stop.wait_timeout(POLL) {
                stopped = true;
                break;
            }
        }
        os::end_all(&mut child);
        let status = child.wait()?;
        let said = words.and_then(|words| words.recv_timeout(LAST_WORDS).ok());
        Ok(Ended {
            code: status.code().filter(|_| !stopped),
            said: said.unwrap_or_default(),
            stopped,
        })
    }
}

/// A program that does not read its input is not waited for.
fn feed(mut stdin: ChildStdin, input: Vec<u8>) {
    thread::spawn(move || drop(stdin.write_all(&input)));
}

/// Reads to the end, so that a talkative program is not held up; keeps the beginning.
fn listen(mut stderr: ChildStderr) -> mpsc::Receiver<String> {
    let (tell, told) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut said = Vec::new();
        drop((&mut stderr).take(SAID_BYTES_MAX).read_to_end(&mut said));
        drop(io::copy(&mut stderr, &mut io::sink()));
        drop(tell.send(String::from_utf8_lossy(&said).into_owned()));
    });
    told
}

#[cfg(all(test, unix))]
mod tests;
