//! The reading side of a WebSocket (RFC 6455), as much of it as live tail needs: text messages in, pings answered.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::{Client, ConsoleError};

/// One message is one event.
const MESSAGE_LIMIT: u64 = 16 << 20;
/// RFC 6455 §5.5: a control frame carries at most this.
const CONTROL_LIMIT: u64 = 125;
/// Any 16 bytes in base64 will do: the answer's proof of them protects caches between, and there are none here.
const KEY: &str = "d2F0Y2hwb3N0LWNsaWVudA==";

/// An open WebSocket.
pub(crate) struct Socket<S> {
    stream: S,
}

/// Asks for the upgrade.
pub(crate) async fn open(
    client: &Client,
    path: &str,
    query: &[(&str, &str)],
) -> Result<Socket<reqwest::Upgraded>, ConsoleError> {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", KEY),
    ];
    let stream = client.upgrade(path, query, &headers).await?;
    Ok(Socket { stream })
}

struct Frame {
    last: bool,
    opcode: u8,
    payload: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// The next text message; `None` when the server closed.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, ConsoleError> {
        let mut message: Vec<u8> = Vec::new();
        loop {
            let frame = match self.frame(MESSAGE_LIMIT - message.len() as u64).await {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                other => other.map_err(ConsoleError::Live)?,
            };
            match frame.opcode {
                0..=2 => {
                    message.extend_from_slice(&frame.payload);
                    if frame.last {
                        let text = String::from_utf8(message);
                        return text
                            .map(Some)
                            .map_err(|error| ConsoleError::Live(io::Error::new(io::ErrorKind::InvalidData, error)));
                    }
                }
                8 => {
                    // The close is answered as RFC 6455 §5.5.1 asks; whether it still arrives does not matter.
                    let _ = self.answer(8, &frame.payload).await;
                    return closing(&frame.payload);
                }
                9 => self.answer(10, &frame.payload).await.map_err(ConsoleError::Live)?,
                _ => {}
            }
        }
    }

    async fn frame(&mut self, limit: u64) -> io::Result<Frame> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).await?;
        let opcode = head[0] & 0x0f;
        let length = match head[1] & 0x7f {
            126 => u64::from(self.stream.read_u16().await?),
            127 => self.stream.read_u64().await?,
            short => u64::from(short),
        };
        let limit = if opcode >= 8 { CONTROL_LIMIT } else { limit };
        if length > limit || head[1] & 0x80 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the server sent a frame that breaks the WebSocket protocol",
            ));
        }
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).await?;
        Ok(Frame {
            last: head[0] & 0x80 != 0,
            opcode,
            payload,
        })
    }

    /// A control frame. Clients must mask (RFC 6455 §5.3); a mask of zeros leaves the payload as it is.
    async fn answer(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let length = payload.len().min(CONTROL_LIMIT as usize);
        let mut frame = vec![0x80 | opcode, 0x80 | length as u8, 0, 0, 0, 0];
        frame.extend_from_slice(&payload[..length]);
        self.stream.write_all(&frame).await?;
        self.stream.flush().await
    }
}

/// What a close frame means: 1000 and 1001 (going away) are ends, anything else says why.
fn closing(payload: &[u8]) -> Result<Option<String>, ConsoleError> {
    let Some((code, reason)) = payload.split_at_checked(2) else {
        return Ok(None);
    };
    let code = u16::from_be_bytes([code[0], code[1]]);
    if matches!(code, 1000 | 1001) {
        return Ok(None);
    }
    let reason = String::from_utf8_lossy(reason);
    Err(ConsoleError::Live(io::Error::other(format!(
        "the server closed with {code}: {}",
        crate::harmless(&reason)
    ))))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    async fn with(bytes: &[u8]) -> (Vec<Result<Option<String>, ConsoleError>>, Vec<u8>) {
        let (near, mut far) = tokio::io::duplex(1 << 20);
        far.write_all(bytes).await.unwrap();
        far.shutdown().await.unwrap();
        let mut socket = Socket { stream: near };
        let mut read = Vec::new();
        loop {
            let next = socket.next().await;
            let ended = !matches!(next, Ok(Some(_)));
            read.push(next);
            if ended {
                break;
            }
        }
        drop(socket);
        let mut answered = Vec::new();
        far.read_to_end(&mut answered).await.unwrap();
        (read, answered)
    }

    #[tokio::test(flavor = "current_thread")]
    async fn messages_in_parts_and_pings_between() {
        let mut bytes = vec![0x81, 2, b'h', b'i', 0x01, 1, b'a', 0x89, 1, b'p', 0x80, 1, b'b'];
        bytes.extend([0x81, 126, 1, 0]);
        bytes.extend([b'x'; 256]);
        let (read, answered) = with(&bytes).await;
        let texts: Vec<_> = read.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            texts,
            [
                Some("hi".to_owned()),
                Some("ab".to_owned()),
                Some("x".repeat(256)),
                None
            ]
        );
        assert_eq!(answered, [0x8a, 0x81, 0, 0, 0, 0, b'p']);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn an_overload_is_told_and_going_away_is_an_end() {
        let (read, _) = with(&[0x88, 2, 0x03, 0xe9]).await;
        assert!(matches!(read[..], [Ok(None)]));
        let (read, _) = with(&[0x88, 6, 0x03, 0xf5, b's', b'l', b'o', b'w']).await;
        assert!(
            matches!(&read[..], [Err(ConsoleError::Live(error))] if error.to_string().ends_with("1013: slow")),
            "{read:?}"
        );
    }

    #[tokio::test(flavor = "current_thread")]
    async fn frames_beyond_the_limit_are_refused() {
        let (read, _) = with(&[0x81, 127, 0, 0, 0, 0, 0xff, 0, 0, 0]).await;
        assert!(matches!(&read[..], [Err(ConsoleError::Live(_))]));
        let (read, _) = with(&[0x89, 126, 1, 0]).await;
        assert!(matches!(&read[..], [Err(ConsoleError::Live(_))]));
    }
}
