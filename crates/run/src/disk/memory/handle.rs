//! An open file of a [`MemDisk`](super::MemDisk).

use std::io;
use std::sync::Arc;

use super::fault::Verdict;
use super::file::FileNode;
use super::{Shared, What, lock};
use crate::disk::DiskFile;

/// A file lies in memory as a whole.
const MAX_FILE: u64 = 1 << 31;

pub(super) struct MemFile {
    pub(super) shared: Arc<Shared>,
    pub(super) node: Arc<FileNode>,
    pub(super) writable: bool,
}

impl MemFile {
    fn check_writable(&self, end: Option<u64>) -> io::Result<()> {
        if !self.writable {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the file is open for reading only",
            ));
        }
        match end {
            Some(end) if end <= MAX_FILE => Ok(()),
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

impl DiskFile for MemFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if self.shared.state()?.faults.fail_reads {
            return Err(Verdict::Fail.into_error());
        }
        let data = lock(&self.node.0);
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|offset| data.live.get(offset..))
            .unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        self.check_writable(end)?;
        let mut state = self.shared.state()?;
        let verdict = self.shared.step(&mut state, What::Change);
        let mut data = lock(&self.node.0);
        let before = data.live.len() as u64;
        let (written, result) = match verdict {
            Verdict::Go => {
                let growth = end.unwrap_or(0).saturating_sub(before);
                let room = if data.unlinked { growth } else { state.room(growth) };
                let fits = (buf.len() as u64).saturating_sub(growth - room) as usize;
                if fits < buf.len() {
                    (&buf[..fits], Err(io::ErrorKind::StorageFull.into()))
                } else {
                    (buf, Ok(()))
                }
            }
            Verdict::Fail => {
                let kept = state.rng.below(buf.len() as u64 + 1) as usize;
                (&buf[..kept], Err(verdict.into_error()))
            }
            Verdict::PowerCut => {
                // The drive may have it, whole or in part: the crash decides.
                data.note_write(buf, offset);
                return Err(verdict.into_error());
            }
        };
        data.write(written, offset);
        if !data.unlinked {
            state.used += data.live.len() as u64 - before;
        }
        result
    }

    fn len(&self) -> io::Result<u64> {
        self.shared.check_alive()?;
        Ok(lock(&self.node.0).live.len() as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.check_writable(Some(len))?;
        let mut state = self.shared.state()?;
        self.shared.all_or_nothing(&mut state, What::Change)?;
        let mut data = lock(&self.node.0);
        let before = data.live.len() as u64;
        if !data.unlinked {
            let growth = len.saturating_sub(before);
            if state.room(growth) < growth {
                return Err(io::ErrorKind::StorageFull.into());
            }
            state.used = state.used - before + len;
        }
        data.set_len(len);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.shared.state()?;
        let verdict = self.shared.step(&mut state, What::Sync);
        let mut data = lock(&self.node.0);
        match verdict {
            Verdict::Go => {
                data.sync();
                return Ok(());
            }
            Verdict::Fail => data.lose_unsynced_writes(),
            Verdict::PowerCut => {}
        }
        Err(verdict.into_error())
    }
}
