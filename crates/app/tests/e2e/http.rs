//! Requests by hand, so that a test can send what no client would.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// Status and JSON body of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// `POST /api/v1/agent/data` with a key.
pub(crate) fn deliver(address: &str, key: &str, content_type: &str, body: &[u8]) -> Answer {
    let headers = format!("Authorization: Bearer {key}\r\nContent-Type: {content_type}\r\n");
    request(address, "POST /api/v1/agent/data", &headers, body)
}

pub(crate) fn request(address: &str, line: &str, headers: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses by its headers may close before it has read a large body.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or_else(|| panic!("no status: {head}"));
    Answer {
        status,
        body: serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())),
    }
}
