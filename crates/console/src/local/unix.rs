use std::io;
use std::path::Path;

use reqwest::ClientBuilder;

/// Requests go through the socket at `path`.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there are no such sockets")]
pub(crate) fn through(builder: ClientBuilder, path: &Path) -> io::Result<ClientBuilder> {
    Ok(builder.unix_socket(path))
}
