//! Who this agent is: an id made at the first start and kept in `identity/agent-id`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_event::AgentId;
use watchpost_kit::Rng;
use watchpost_run::disk::{Disk, OpenMode, read_exact_at};

use crate::AgentError;

const ID_BYTES_MAX: u64 = 256;

/// The id in a data folder, made when there is none.
pub fn agent_id(disk: &Arc<dyn Disk>, data_dir: &Path, host: &str) -> Result<AgentId, AgentError> {
    let dir = data_dir.join("identity");
    let path = dir.join("agent-id");
    let failed = |source: io::Error| AgentError::Identity {
        path: path.clone(),
        source,
    };
    disk.create_dir_all(&dir).map_err(failed)?;
    match disk.open(&path, OpenMode::Read) {
        Ok(file) => {
            let length = file.len().map_err(failed)?.min(ID_BYTES_MAX);
            let mut bytes = vec![0; length as usize];
            read_exact_at(file.as_ref(), &mut bytes, 0).map_err(failed)?;
            let text = String::from_utf8_lossy(&bytes);
            AgentId::new(text.trim()).map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(disk, &dir, &path, host).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

/// `HOST-` and 64 random bits, so that a list of agents reads well and no two are the same.
fn make(disk: &Arc<dyn Disk>, dir: &Path, path: &Path, host: &str) -> io::Result<AgentId> {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let label: String = host.chars().filter(allowed).take(64).collect();
    let id = format!("{label}-{:016x}", Rng::from_os().next_u64());
    let temporary: PathBuf = dir.join("agent-id.new");
    match disk.remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.open(&temporary, OpenMode::CreateNew)?;
    file.write_at(id.as_bytes(), 0)?;
    file.sync()?;
    disk.rename(&temporary, path)?;
    disk.sync_dir(dir)?;
    AgentId::new(&id).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
