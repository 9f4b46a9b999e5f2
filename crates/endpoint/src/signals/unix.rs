//! SIGINT and SIGTERM end the program gracefully; a second one ends it at once.

use std::io;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use watchpost_run::Shutdown;

/// Triggers `shutdown` at the first signal.
pub(crate) fn install(shutdown: &Shutdown) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let shutdown = shutdown.clone();
    let listen = move || {
        for signal in signals.forever() {
            if shutdown.is_triggered() {
                // The default action of both is to end the process: what is durable stays so, the rest comes again.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            shutdown.trigger();
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen)?;
    Ok(())
}
