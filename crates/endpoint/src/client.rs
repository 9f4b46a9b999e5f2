//! What all commands that ask a server share: finding it, rendering, one thread of async.

use std::future::Future;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use jiff::tz::TimeZone;
use watchpost_console::{Client, Color, Exit, Format, Renderer, Target, parse_time};
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, SystemClock};

use crate::Here;
use crate::environment;
use crate::failure::usage;

/// For programs that have no server of their own.
const NAME_IT: &str = "set WATCHPOST_URL to its address and WATCHPOST_TOKEN to an administrator's key";

/// Where the server is: WATCHPOST_URL, else the socket in the data folder.
pub fn connect(here: &Here<'_>) -> Result<Client> {
    let target = match environment::get("WATCHPOST_URL") {
        Some(url) => Target::Url {
            url,
            token: environment::get("WATCHPOST_TOKEN"),
            ca: environment::get("WATCHPOST_CA").map(PathBuf::from),
        },
        None => match here.program.local_server(here.global)? {
            Some(socket) => Target::Socket(socket),
            None => return Err(usage(anyhow!("no server is named"), NAME_IT)),
        },
    };
    Ok(Client::new(&target)?)
}

/// Runs one client command.
pub fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(work)
}

/// A renderer for standard output.
pub fn renderer(format: Format, color: Color) -> Renderer {
    let no_color = environment::get("NO_COLOR").is_some();
    Renderer::new(format, color.resolve(std::io::stdout().is_terminal(), no_color))
}

/// Standard output, written in large pieces unless a person watches.
pub fn stdout() -> Box<dyn Write> {
    let out = std::io::stdout();
    if out.is_terminal() {
        Box::new(out)
    } else {
        Box::new(std::io::BufWriter::with_capacity(64 << 10, out))
    }
}

/// A moment from an option.
pub fn moment(text: Option<&str>) -> Result<Option<Timestamp>> {
    let now = Timestamp(SystemClock::new().now());
    let read = |text| parse_time(text, now, &TimeZone::system()).map_err(anyhow::Error::from);
    text.map(read).transpose()
}

/// Connects, runs, ends.
pub fn run<F: Future<Output = Result<Exit, watchpost_console::ConsoleError>>>(
    here: &Here<'_>,
    work: impl FnOnce(Client, Box<dyn Write>) -> F,
) -> Result<Exit> {
    let client = connect(here)?;
    block_on(async { Ok(work(client, stdout()).await?) })
}
