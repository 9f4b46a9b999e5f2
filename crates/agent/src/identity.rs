//! Who this agent is: an id made at the first start and kept in `identity/agent-id`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use watchpost_event::AgentId;
use watchpost_kit::Rng;
use watchpost_run::disk::{Disk, read_file, replace_file};

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
    match read_file(&**disk, &path, ID_BYTES_MAX).map_err(failed)? {
        Some(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            AgentId::new(text.trim()).map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))
        }
        None => make(disk, &path, host).map_err(failed),
    }
}

/// `HOST-` and 64 random bits, so that a list of agents reads well and no two are the same.
fn make(disk: &Arc<dyn Disk>, path: &Path, host: &str) -> io::Result<AgentId> {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let label: String = host.chars().filter(allowed).take(64).collect();
    let id = format!("{label}-{:016x}", Rng::from_os().next_u64());
    replace_file(&**disk, path, id.as_bytes())?;
    AgentId::new(&id).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
