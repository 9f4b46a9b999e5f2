//! Bytes of a compressed file, one after the other.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::kind::Kind;
use crate::evtx::Lines;
use crate::source::file::os;

/// The largest window of a zstd frame, as its logarithm: what `zstd --long` and `--ultra` ask for at most.
const ZSTD_WINDOW_LOG: u32 = 27;
/// Memory for the dictionary of an .xz file: `xz -9` needs 65 MiB.
const XZ_MEMORY_BYTES: u64 = 100 << 20;
/// Compressed bytes taken at a time.
const CHUNK_BYTES: usize = 32 << 10;

/// Decompresses a file from its beginning. Memory is limited whatever the file says.
pub(in crate::source::file) struct Unpacker {
    decoder: Box<dyn Read + Send>,
    /// Compressed bytes it may still take before it has to pause.
    fuel: Arc<AtomicU64>,
}

/// How a try to unpack turned out.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source::file) enum Unpacked {
    /// So many bytes.
    Bytes(usize),
    /// The fuel ran out before a byte came.
    Pause,
    /// The end, as the format knows it: checksums fit.
    End,
    /// The file ends where its content does not.
    CutShort,
    /// Its bytes are not what the format allows, or would need more memory than allowed.
    Damaged(String),
}

impl Unpacker {
    pub(in crate::source::file) fn new(file: &Arc<File>, kind: Kind) -> io::Result<Self> {
        let fuel = Arc::new(AtomicU64::new(0));
        let raw = Raw {
            file: Arc::clone(file),
            at: 0,
            fuel: Arc::clone(&fuel),
        };
        let raw = BufReader::with_capacity(CHUNK_BYTES, raw);
        let decoder: Box<dyn Read + Send> = match kind {
            Kind::Gzip => Box::new(MultiGzDecoder::new(raw)),
            Kind::Bzip2 => Box::new(MultiBzDecoder::new(raw)),
            Kind::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES, CONCATENATED).map_err(io::Error::other)?;
                Box::new(XzDecoder::new_stream(raw, stream))
            }
            Kind::Evtx => Box::new(Lines::new(raw)),
            Kind::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(raw)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
        };
        Ok(Self { decoder, fuel })
    }

    /// Allows so many compressed bytes more, so that no call takes for ever: of empty members any number may follow
    /// one another.
    pub(in crate::source::file) fn refuel(&self, bytes: u64) {
        self.fuel.store(bytes, Ordering::Relaxed);
    }

    /// The next bytes. After anything but [`Unpacked::Bytes`] and [`Unpacked::Pause`] nothing more comes.
    pub(in crate::source::file) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Unpacked> {
        loop {
            return match self.decoder.read(buffer) {
                Ok(0) => Ok(Unpacked::End),
                Ok(count) => Ok(Unpacked::Bytes(count)),
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock => Ok(Unpacked::Pause),
                    io::ErrorKind::UnexpectedEof => Ok(Unpacked::CutShort),
                    _ if error.raw_os_error().is_some() => Err(error),
                    _ => Ok(Unpacked::Damaged(error.to_string())),
                },
            };
        }
    }
}

/// The compressed bytes.
struct Raw {
    file: Arc<File>,
    at: u64,
    fuel: Arc<AtomicU64>,
}

impl Read for Raw {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fuel = self.fuel.load(Ordering::Relaxed);
        if fuel == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = os::read_at(&self.file, buffer, self.at)?;
        self.at += count as u64;
        self.fuel.store(fuel.saturating_sub(count as u64), Ordering::Relaxed);
        Ok(count)
    }
}
