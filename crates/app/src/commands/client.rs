//! What all commands that ask a server share: finding it, rendering, one thread of async.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::tz::TimeZone;
use watchpost_console::{Client, Color, Exit, Format, Renderer, Target, parse_time};
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, SystemClock};

use crate::cli::Global;
use crate::environment;
use crate::settings::Settings;

/// Where the server is: WATCHPOST_URL, else the socket in the data folder.
pub(crate) fn connect(global: &Global) -> Result<Client> {
    let target = match environment::get("WATCHPOST_URL") {
        Some(url) => Target::Url {
            url,
            token: environment::get("WATCHPOST_TOKEN"),
            ca: environment::get("WATCHPOST_CA").map(PathBuf::from),
        },
        None => Target::Socket(Settings::load(global)?.server_socket()?),
    };
    Ok(Client::new(&target)?)
}

/// Runs one client command.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(work)
}

/// A renderer for standard output.
pub(crate) fn renderer(format: Format, color: Color) -> Renderer {
    let no_color = environment::get("NO_COLOR").is_some();
    Renderer::new(format, color.resolve(std::io::stdout().is_terminal(), no_color))
}

/// Standard output, written in large pieces unless a person watches.
pub(crate) fn stdout() -> Box<dyn Write> {
    let out = std::io::stdout();
    if out.is_terminal() {
        Box::new(out)
    } else {
        Box::new(std::io::BufWriter::with_capacity(64 << 10, out))
    }
}

/// A moment from an option.
pub(crate) fn moment(text: Option<&str>) -> Result<Option<Timestamp>> {
    let now = Timestamp(SystemClock::new().now());
    let read = |text| parse_time(text, now, &TimeZone::system()).map_err(anyhow::Error::from);
    text.map(read).transpose()
}

/// Connects, runs, ends.
pub(crate) fn run<F: Future<Output = Result<Exit, watchpost_console::ConsoleError>>>(
    global: &Global,
    work: impl FnOnce(Client, Box<dyn Write>) -> F,
) -> Result<Exit> {
    let client = connect(global)?;
    block_on(async { Ok(work(client, stdout()).await?) })
}
