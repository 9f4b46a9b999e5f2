//! The plainest HTTP client: one fresh connection for each request, as a stranger's first query would have it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail, ensure};

/// No answer of a benchmark is larger.
const BODY_LIMIT: u64 = 256 << 20;

/// Where to send requests, and the key to send with them.
#[derive(Clone)]
pub(crate) struct Target {
    /// `127.0.0.1:7480`
    pub(crate) address: String,
    pub(crate) token: String,
}

impl Target {
    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.request(&format!("GET {path}"), "", b"")
    }

    pub(crate) fn get_json(&self, path: &str) -> Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.get(path)?)?)
    }

    pub(crate) fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Result<Vec<u8>> {
        let head = format!("Content-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
        self.request(&format!("POST {path}"), &head, body)
    }

    /// A whole POST request for a connection that stays open.
    pub(crate) fn kept_post(&self, path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        [head.as_bytes(), body].concat()
    }

    fn request(&self, line: &str, head: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut stream =
            TcpStream::connect(&self.address).with_context(|| format!("cannot connect to {}", self.address))?;
        stream.set_nodelay(true)?;
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n{head}\r\n",
            self.address, self.token
        );
        stream.write_all(request.as_bytes())?;
        stream.write_all(body)?;
        let (status, answer) = read_answer(BufReader::new(stream))?;
        ensure!(
            (200..300).contains(&status),
            "{line} answered {status}: {}",
            String::from_utf8_lossy(&answer[..answer.len().min(400)])
        );
        Ok(answer)
    }
}

fn read_answer(mut reader: impl BufRead) -> Result<(u16, Vec<u8>)> {
    let Head {
        status,
        length,
        chunked,
    } = read_head(&mut reader)?;
    let mut body = Vec::new();
    if chunked {
        read_chunks(&mut reader, &mut body)?;
    } else {
        reader
            .take(length.unwrap_or(BODY_LIMIT).min(BODY_LIMIT))
            .read_to_end(&mut body)?;
    }
    Ok((status, body))
}

struct Head {
    status: u16,
    length: Option<u64>,
    chunked: bool,
}

fn read_head(reader: &mut impl BufRead) -> Result<Head> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("the server ended a connection without an answer, or did not speak HTTP: {line:?}"))?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').context("a header without a colon")?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.trim().parse::<u64>()?),
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    Ok(Head {
        status,
        length,
        chunked,
    })
}

/// Status and body of an answer of stated length, once all of it has arrived.
pub(crate) fn whole_answer(arrived: &[u8]) -> Result<Option<(u16, &[u8])>> {
    let end = b"\r\n\r\n";
    let Some(at) = arrived.windows(end.len()).position(|window| window == end) else {
        return Ok(None);
    };
    let (mut head, body) = arrived.split_at(at + end.len());
    let Head { status, length, .. } = read_head(&mut head)?;
    let length = length.context("an answer on a kept connection does not state its length")?;
    ensure!(
        body.len() as u64 <= length,
        "more arrived than the answer that was asked for"
    );
    Ok((body.len() as u64 == length).then_some((status, body)))
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = u64::from_str_radix(line.trim(), 16).with_context(|| format!("not a chunk's size: {line:?}"))?;
        if body.len() as u64 + size > BODY_LIMIT {
            bail!("the answer is larger than {BODY_LIMIT} bytes");
        }
        reader.take(size).read_to_end(body)?;
        let mut end = [0; 2];
        reader.read_exact(&mut end)?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Text as a part of a query string (RFC 3986 §2.3).
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn answers_with_a_length_in_chunks_and_to_the_end() {
        let with = |text: &'static str| read_answer(text.as_bytes()).unwrap();
        assert_eq!(
            with("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd"),
            (200, b"abc".to_vec())
        );
        assert_eq!(
            with("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
            (404, b"abc".to_vec())
        );
        assert_eq!(with("HTTP/1.1 200 OK\r\n\r\nabc"), (200, b"abc".to_vec()));
        let whole = |text: &'static str| whole_answer(text.as_bytes());
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n").unwrap(), None);
        assert_eq!(whole("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab").unwrap(), None);
        assert_eq!(
            whole("HTTP/1.1 409 No\r\ncontent-length: 3\r\n\r\nabc").unwrap(),
            Some((409, b"abc".as_slice()))
        );
        assert!(whole("HTTP/1.1 200 OK\r\n\r\nabc").is_err());
        assert_eq!(encode("a b:\"c\""), "a%20b%3A%22c%22");
    }
}
