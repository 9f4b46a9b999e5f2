//! Ctrl-C, Ctrl-Break, a closed console, and the end of the session end the program gracefully; a second Ctrl-C ends it
//! at once.

use std::io;

use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
use watchpost_run::Shutdown;

/// How a program ends that was stopped by Ctrl-C (STATUS_CONTROL_C_EXIT).
const CONTROL_C_EXIT: i32 = 0xC000_013A_u32.cast_signed();

/// Triggers `shutdown` at the first of them.
pub(crate) fn install(shutdown: &Shutdown) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut asked = {
        let _inside = runtime.enter();
        (ctrl_c()?, ctrl_break()?, ctrl_close()?, ctrl_shutdown()?)
    };
    let shutdown = shutdown.clone();
    let listen = async move {
        loop {
            tokio::select! {
                _ = asked.0.recv() => {}
                _ = asked.1.recv() => {}
                _ = asked.2.recv() => {}
                _ = asked.3.recv() => {}
            }
            if shutdown.is_triggered() {
                end_at_once();
            }
            shutdown.trigger();
        }
    };
    let wait = move || runtime.block_on(listen);
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}

/// What is durable stays so, the rest comes again.
#[expect(clippy::exit, reason = "who asks twice does not want to wait")]
fn end_at_once() {
    std::process::exit(CONTROL_C_EXIT);
}
