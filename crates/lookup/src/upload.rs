//! A file on its way to a service.

use std::io::Read;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use reqwest::Body;
use watchpost_kit::Rng;

use crate::ServiceKind;

const BLOCK_BYTES: usize = 64 << 10;
const NAME_CHARS_MAX: usize = 200;

/// A file to be given away. Whoever makes one has looked that this is allowed.
pub struct Upload {
    /// What it is called there: its name without its folder.
    pub name: String,
    /// Its length in bytes; what is read beyond it is not sent, and less is an error.
    pub size: u64,
    /// The file, open for reading.
    pub content: Box<dyn Read + Send>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upload")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// A file that a service has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Who took it.
    pub service: ServiceKind,
    /// As what it is analysed there; the verdict is asked for by the file's hash once that is done.
    pub id: String,
}

impl Upload {
    /// A name that fits into a header.
    pub(crate) fn plain_name(&self) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '_'
            }
        };
        let name: String = self.name.chars().map(plain).take(NAME_CHARS_MAX).collect();
        if name.is_empty() { "file".to_owned() } else { name }
    }

    /// As it is.
    pub(crate) fn raw(self) -> (u64, Body) {
        let size = self.size;
        (size, Body::wrap_stream(blocks(Bytes::new(), self, Bytes::new())))
    }

    /// As the field `file` of a form (RFC 7578): its type, its length, and the body.
    pub(crate) fn form(self) -> (String, u64, Body) {
        let mut rng = Rng::from_os();
        let boundary = format!("watchpost{:016x}{:016x}", rng.next_u64(), rng.next_u64());
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n",
            self.plain_name()
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let length = self.size + (head.len() + tail.len()) as u64;
        let body = Body::wrap_stream(blocks(head.into(), self, tail.into()));
        (format!("multipart/form-data; boundary={boundary}"), length, body)
    }
}

enum Part {
    Head(Bytes),
    Content { left: u64 },
    Tail,
    End,
}

/// What goes before, the file block by block, what goes behind.
fn blocks(head: Bytes, upload: Upload, tail: Bytes) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let (size, mut content) = (upload.size, upload.content);
    let mut part = Part::Head(head);
    let next = move || match std::mem::replace(&mut part, Part::End) {
        Part::Head(head) => {
            part = Part::Content { left: size };
            Some(Ok(head))
        }
        Part::Content { left: 0 } => {
            part = Part::Tail;
            Some(Ok(Bytes::new()))
        }
        Part::Content { left } => match block(&mut *content, left) {
            Ok(block) => {
                part = Part::Content {
                    left: left - block.len() as u64,
                };
                Some(Ok(block))
            }
            Err(error) => Some(Err(error)),
        },
        Part::Tail => Some(Ok(tail.clone())),
        Part::End => None,
    };
    stream::iter(std::iter::from_fn(next))
}

fn block(content: &mut dyn Read, left: u64) -> std::io::Result<Bytes> {
    let mut block = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(BLOCK_BYTES)];
    loop {
        match content.read(&mut block) {
            Ok(0) => {
                return Err(std::io::Error::new(
                    std::io::ErrorKind::UnexpectedEof,
                    "the file became shorter while it was sent",
                ));
            }
            Ok(read) => {
                block.truncate(read);
                return Ok(block.into());
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
