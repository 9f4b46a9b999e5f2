//! A local double of the Bot API's `sendMessage` that says when which text arrived.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use anyhow::Result;

use crate::timing::now;

/// Texts that nobody has looked at yet.
const TEXTS: usize = 10_000;

/// What arrives, and when.
pub(crate) type Arrivals = Receiver<(String, Instant)>;

/// Its port, and what arrives.
pub(crate) fn chat_server() -> Result<(u16, Arrivals)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (sender, receiver) = sync_channel(TEXTS);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || drop(serve(connection, &sender)));
        }
    });
    Ok((port, receiver))
}

/// A channel that leads there, as a section of the configuration.
pub(crate) fn channel(name: &str, port: u16, template: &str) -> String {
    format!(
        "[[channel]]\nname = \"{name}\"\nkind = \"telegram\"\ntoken = \"1:bench\"\nchat = \"1\"\nbuttons = false\n\
         api_url = \"http://127.0.0.1:{port}\"\n{template}"
    )
}

fn serve(stream: TcpStream, sender: &SyncSender<(String, Instant)>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 && line.trim_end() != "" {
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            line.clear();
        }
        if length == 0 {
            return Ok(());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let at = now();
        let body: serde_json::Value = serde_json::from_slice(&body)?;
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let answer = r#"{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"}}}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + answer).as_bytes())?;
        if sender.send((text, at)).is_err() {
            return Ok(());
        }
    }
}
