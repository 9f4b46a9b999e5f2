//! The program's own log file: begun anew when it is full, older ones numbered and compressed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// zstd's level for old log files: they are written once and read rarely.
const ZSTD_LEVEL: i32 = 3;

/// When a log file is full, and how many old ones stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    pub(crate) max_bytes: u64,
    /// Old files kept: `agent.log.1` is the newest of them.
    pub(crate) keep: u32,
    /// Old files become `agent.log.1.zst`.
    pub(crate) compress: bool,
}

/// A file that never grows over its limit by more than one line.
#[derive(Debug)]
pub(crate) struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: File,
    bytes: u64,
}

impl RotatingFile {
    pub(crate) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = append(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            path: path.to_owned(),
            rotation,
            state: Mutex::new(State { file, bytes }),
        })
    }

    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.bytes > 0 && state.bytes + line.len() as u64 > self.rotation.max_bytes {
            // A log that cannot be rotated (its folder became read-only) is still better than none.
            if self.rotate().is_ok() {
                state.file = append(&self.path)?;
                state.bytes = 0;
            }
        }
        state.file.write_all(line)?;
        state.bytes += line.len() as u64;
        Ok(())
    }

    /// Moves every file one number up, the oldest away, and the full one to number 1.
    fn rotate(&self) -> io::Result<()> {
        let keep = self.rotation.keep;
        if keep == 0 {
            return fs::remove_file(&self.path);
        }
        for suffix in ["", ".zst"] {
            remove(&self.numbered(keep, suffix))?;
            for number in (1..keep).rev() {
                rename(&self.numbered(number, suffix), &self.numbered(number + 1, suffix))?;
            }
        }
        let first = self.numbered(1, "");
        fs::rename(&self.path, &first)?;
        if self.rotation.compress {
            compress(&first, &self.numbered(1, ".zst"))?;
        }
        Ok(())
    }

    fn numbered(&self, number: u32, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!(".{number}{suffix}"));
        name.into()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    gone_is_fine(fs::remove_file(path))
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    gone_is_fine(fs::rename(from, to))
}

/// The compressed file appears whole or not at all, and only then the plain one goes.
fn compress(plain: &Path, compressed: &Path) -> io::Result<()> {
    let part = compressed.with_extension("zst.part");
    let mut encoder = zstd::Encoder::new(File::create(&part)?, ZSTD_LEVEL)?;
    io::copy(&mut File::open(plain)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    fs::rename(&part, compressed)?;
    fs::remove_file(plain)
}

/// One log line at a time: tracing writes a line in one call.
impl Write for &RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::Read;

    use super::*;

    fn write(log: &RotatingFile, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let mut writer = log;
            writer.write_all(format!("line {number:04}\n").as_bytes()).unwrap();
        }
    }

    fn lines(path: &Path) -> Vec<String> {
        let mut text = String::new();
        let file = File::open(path).unwrap();
        if path.extension().is_some_and(|extension| extension == "zst") {
            zstd::Decoder::new(file)
                .unwrap()
                .take(1 << 20)
                .read_to_string(&mut text)
                .unwrap();
        } else {
            file.take(1 << 20).read_to_string(&mut text).unwrap();
        }
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn full_files_are_numbered_compressed_and_the_oldest_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/agent.log");
        let rotation = Rotation {
            max_bytes: 100,
            keep: 3,
            compress: true,
        };
        write(&RotatingFile::open(&path, rotation).unwrap(), 0..65);
        assert_eq!(
            lines(&path),
            ["line 0060", "line 0061", "line 0062", "line 0063", "line 0064"]
        );
        assert_eq!(lines(&path.with_extension("log.1.zst")).first().unwrap(), "line 0050");
        assert_eq!(lines(&path.with_extension("log.3.zst")).first().unwrap(), "line 0030");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 4);
    }

    #[test]
    fn an_existing_file_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        let rotation = Rotation {
            max_bytes: 100,
            keep: 1,
            compress: false,
        };
        write(&RotatingFile::open(&path, rotation.clone()).unwrap(), 0..8);
        write(&RotatingFile::open(&path, rotation).unwrap(), 8..12);
        assert_eq!(lines(&path.with_extension("log.1")).len(), 10);
        assert_eq!(lines(&path), ["line 0010", "line 0011"]);
    }
}
