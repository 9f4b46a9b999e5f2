//! The installer's custom action: hands what the installer was given to `watchpost-agent service setup`.
//!
//! The installer can start a program itself, but only with a command line, which other programs see and security tools record;
//! a key must not stand there. What this library is given goes through a pipe instead, and what the program answers goes to the
//! installer's log.
//!
//! What never enters: knowledge of what is handed over. Nothing of it exists elsewhere than on Windows.
//!
//! Start reading at `WatchpostSetup`. What it is given has this form:
//!
//! ```
//! let data = r"C:\Program Files\Watchpost\watchpost-agent.exe|SERVER=https://watch.example.org:7443|KEY=wp_1";
//! assert_eq!(data.split('|').count(), 3);
//! ```
#![cfg(windows)]

mod session;

use std::io::Write;
use std::os::windows::process::CommandExt;
use std::process::{Command, Output, Stdio};

use session::Session;
use windows::Win32::Foundation::{ERROR_INSTALL_FAILURE, ERROR_SUCCESS};
use windows::Win32::System::ApplicationInstallationAndServicing::MSIHANDLE;

/// No window for the program (winbase.h).
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// A deferred custom action. Its data are the program and `NAME=value` pairs, with `|` between them, which neither paths nor
/// addresses have.
#[expect(unsafe_code, reason = "the installer finds it by its name")]
// SAFETY: no other function of this library has a name.
#[unsafe(no_mangle)]
pub extern "system" fn WatchpostSetup(session: MSIHANDLE) -> u32 {
    let session = Session(session);
    let data = session.data();
    let (program, answers) = data.split_once('|').unwrap_or((&data, ""));
    match run(program, &answers.replace('|', "\n")) {
        Ok(output) => {
            session.log(&String::from_utf8_lossy(&output.stdout));
            if output.status.success() {
                return ERROR_SUCCESS.0;
            }
            session.fail(&String::from_utf8_lossy(&output.stderr));
        }
        Err(error) => session.fail(&format!("cannot run {program}: {error}")),
    }
    ERROR_INSTALL_FAILURE.0
}

/// The program reads all of its input before it says much, so neither waits for the other.
fn run(program: &str, answers: &str) -> std::io::Result<Output> {
    let mut child = Command::new(program)
        .args(["service", "setup"])
        .creation_flags(CREATE_NO_WINDOW)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // What it could not read it says itself, by its exit code.
    let _ = child.stdin.take().map(|mut input| input.write_all(answers.as_bytes()));
    child.wait_with_output()
}
