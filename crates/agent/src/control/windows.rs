//! A named pipe whose name is made of the data folder's. Windows lets its user, administrators and the system write to it
//! (CreateNamedPipeW, default security descriptor): others cannot ask. Nobody from another host can.

use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeServer, ServerOptions};

use super::{ANSWER_BYTES_MAX, PATIENCE};

/// All instances have a client just now (winerror.h).
const ERROR_PIPE_BUSY: i32 = 231;
/// The other end has closed: the answer's end.
const ERROR_BROKEN_PIPE: i32 = 109;

/// The same for every way to write the folder's path.
fn pipe_name(data_dir: &Path) -> String {
    let whole = std::fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let sum = Sha256::digest(whole.to_string_lossy().to_lowercase());
    let first: [u8; 8] = std::array::from_fn(|at| sum[at]);
    format!(r"\\.\pipe\watchpost-agent-{:016x}", u64::from_be_bytes(first))
}

/// One question, and all of the answer.
pub(super) fn ask(data_dir: &Path, question: &str) -> io::Result<Vec<u8>> {
    let name = pipe_name(data_dir);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asking = async { tokio::time::timeout(PATIENCE, ask_pipe(&name, question)).await };
    runtime.block_on(asking).map_err(|_| io::ErrorKind::TimedOut)?
}

async fn ask_pipe(name: &str, question: &str) -> io::Result<Vec<u8>> {
    let mut pipe = loop {
        match ClientOptions::new().open(name) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => {
                tokio::time::sleep(PATIENCE / 100).await;
            }
            other => break other?,
        }
    };
    pipe.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    match pipe.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await {
        Err(error) if error.raw_os_error() != Some(ERROR_BROKEN_PIPE) => Err(error),
        _ => Ok(answer),
    }
}

/// An open pipe.
pub(super) struct Listener {
    name: String,
    /// Whoever asks next.
    next: NamedPipeServer,
}

impl Listener {
    pub(super) fn bind(data_dir: &Path) -> io::Result<Self> {
        let name = pipe_name(data_dir);
        // The first: a pipe of this name that another program has made is not ours to answer on.
        let next = options().first_pipe_instance(true).create(&name)?;
        Ok(Self { name, next })
    }

    /// The next connection.
    pub(super) async fn accept(&mut self) -> io::Result<Option<NamedPipeServer>> {
        self.next.connect().await?;
        let following = options().create(&self.name)?;
        Ok(Some(std::mem::replace(&mut self.next, following)))
    }
}

fn options() -> ServerOptions {
    let mut options = ServerOptions::new();
    options.reject_remote_clients(true);
    options
}
