//! Who this agent is: an id made at the first start and kept in `identity/agent-id`, with a copy beside it. Both carry a
//! checksum: a flipped bit would make another name that is as good, and the server would take it for another agent.

use std::io;
use std::path::Path;
use std::sync::Arc;

use watchpost_event::AgentId;
use watchpost_kit::Rng;
use watchpost_run::disk::{Disk, read_sealed, replace_sealed};

use crate::AgentError;

/// How a checksum's line begins.
const CHECKSUM: &str = "crc32c ";
const ID_BYTES_MAX: u64 = 256;
const REMEDY: &str =
    "write the id into it as the server's delivery report has it, or remove it and begin as a new agent";

/// The id in a data folder, made when there is none.
pub fn agent_id(disk: &Arc<dyn Disk>, data_dir: &Path, host: &str) -> Result<AgentId, AgentError> {
    let dir = data_dir.join("identity");
    let (path, copy) = (dir.join("agent-id"), dir.join("agent-id.copy"));
    let failed = |source: io::Error| AgentError::Identity {
        path: path.clone(),
        source,
    };
    disk.create_dir_all(&dir).map_err(failed)?;
    let id = match (read(&**disk, &path), read(&**disk, &copy)) {
        (Ok(Some(id)), Ok(Some(same))) if id == same => return Ok(id),
        (Ok(Some(id)), _) => id,
        (Ok(None), Ok(None)) => made(host).map_err(failed)?,
        (_, Ok(Some(id))) => {
            tracing::error!(path = %path.display(), "the file agent-id is damaged or missing; its copy is used");
            id
        }
        (Err(error), _) | (Ok(None), Err(error)) => return Err(failed(error)),
    };
    for place in [&path, &copy] {
        replace_sealed(&**disk, place, id.as_str().into()).map_err(failed)?;
    }
    Ok(id)
}

fn read(disk: &dyn Disk, path: &Path) -> io::Result<Option<AgentId>> {
    let damaged = |error: &dyn std::error::Error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("it is damaged ({error}): {REMEDY}"))
    };
    let bytes = match read_sealed(disk, path, ID_BYTES_MAX) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(damaged(&error)),
        other => other?,
    };
    let Some(bytes) = bytes else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    // The line end before the checksum may be what was flipped: then the two look like one name.
    if text.contains(CHECKSUM) {
        return Err(damaged(&io::Error::other("its checksum is not on a line of its own")));
    }
    AgentId::new(text.trim()).map(Some).map_err(|error| damaged(&error))
}

/// `HOST-` and 64 random bits, so that a list of agents reads well and no two are the same.
fn made(host: &str) -> io::Result<AgentId> {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let label: String = host.chars().filter(allowed).take(64).collect();
    let id = format!("{label}-{:016x}", Rng::from_os().next_u64());
    AgentId::new(&id).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use watchpost_run::MemDisk;

    use super::*;

    fn id_on(disk: &MemDisk) -> Result<AgentId, AgentError> {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        agent_id(&disk, Path::new("/agent"), "web-1")
    }

    fn files() -> [PathBuf; 2] {
        ["agent-id", "agent-id.copy"].map(|name| Path::new("/agent/identity").join(name))
    }

    #[test]
    fn any_flipped_byte_of_either_file_changes_nothing() {
        let disk = MemDisk::new();
        let id = id_on(&disk).expect("made");
        for path in files() {
            let length = id.as_str().len() as u64 + 17;
            for at in 0..length {
                disk.flip(&path, at).expect("there");
                assert_eq!(id_on(&disk).expect("read"), id, "{} at {at}", path.display());
                assert_eq!(id_on(&disk).expect("read"), id, "and written anew");
            }
        }
    }

    #[test]
    fn with_both_damaged_it_says_what_to_do() {
        let disk = MemDisk::new();
        id_on(&disk).expect("made");
        for path in files() {
            disk.flip(&path, 2).expect("there");
        }
        let error = id_on(&disk).expect_err("no guess");
        assert!(
            watchpost_kit::chain(&error).contains("begin as a new agent"),
            "{error:?}"
        );
    }

    #[test]
    fn a_name_written_by_hand_is_taken() {
        let disk = MemDisk::new();
        let place = Path::new("/agent/identity");
        disk.create_dir_all(place).expect("room");
        watchpost_run::replace_file(&disk, &place.join("agent-id"), b"db-7\n").expect("room");
        assert_eq!(id_on(&disk).expect("read").as_str(), "db-7");
    }
}
