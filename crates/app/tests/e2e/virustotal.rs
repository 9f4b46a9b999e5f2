//! A local double of VirusTotal's API v3, as its documentation has it (docs.virustotal.com/reference): reports of files by
//! their hash, and small uploads. What cannot be had here are VirusTotal's own servers.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

pub(crate) const KEY: &str = "e2e0e2e0e2e0e2e0e2e0e2e0e2e0e2e0";

#[derive(Default)]
struct State {
    /// How many of 70 engines call a file malicious.
    known: Mutex<BTreeMap<String, u32>>,
    asked: Mutex<Vec<String>>,
    uploads: Mutex<Vec<Vec<u8>>>,
    down: AtomicBool,
    silent: AtomicBool,
    ended: AtomicBool,
}

pub(crate) struct VirusTotal {
    port: u16,
    state: Arc<State>,
}

struct Request {
    line: String,
    key: String,
    body: Vec<u8>,
}

impl VirusTotal {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let shared = state.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = shared.clone();
                std::thread::spawn(move || serve(connection.unwrap(), &shared));
            }
        });
        Self { port, state }
    }

    /// A section that leads here.
    pub(crate) fn section(&self, more: &str) -> String {
        let port = self.port;
        format!("[lookup.virustotal]\nkey = \"{KEY}\"\nurl = \"http://127.0.0.1:{port}\"\n{more}\n")
    }

    /// From now on a file is known.
    pub(crate) fn learn(&self, sha256: &str, malicious: u32) {
        self.state.known.lock().unwrap().insert(sha256.to_owned(), malicious);
    }

    /// Down: every request is answered with 503.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// Silent: requests are taken, and nobody hears of it.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }

    /// Hashes that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Bodies of uploads.
    pub(crate) fn uploads(&self) -> Vec<Vec<u8>> {
        self.state.uploads.lock().unwrap().clone()
    }
}

impl Drop for VirusTotal {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, state: &State) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = request(&mut reader) {
        let (status, answer) = answer(&request, state);
        if state.silent.load(Ordering::SeqCst) {
            // Until the other side gives up.
            let _ = reader.read(&mut [0]);
            return;
        }
        let text = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            text.len()
        );
        if stream.write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let (mut length, mut key) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        match header
            .split_once(':')
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
        {
            Some((name, value)) if name == "content-length" => length = value.trim().parse().unwrap(),
            Some((name, value)) if name == "x-apikey" => value.trim().clone_into(&mut key),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, key, body })
}

fn answer(request: &Request, state: &State) -> (u16, Value) {
    let failed = |status: u16, code: &str| (status, json!({"error": {"code": code, "message": code}}));
    if state.down.load(Ordering::SeqCst) {
        return failed(503, "TransientError");
    }
    if request.key != KEY {
        return failed(401, "WrongCredentialsError");
    }
    let mut words = request.line.split(' ');
    match (words.next(), words.next()) {
        (Some("POST"), Some("/api/v3/files")) => {
            state.uploads.lock().unwrap().push(request.body.clone());
            (200, json!({"data": {"type": "analysis", "id": "ZTJlOjE3OTU="}}))
        }
        (Some("GET"), Some(path)) if path.starts_with("/api/v3/files/") => {
            let hash = path.trim_start_matches("/api/v3/files/").to_owned();
            let malicious = state.known.lock().unwrap().get(&hash).copied();
            state.asked.lock().unwrap().push(hash);
            let Some(malicious) = malicious else {
                return failed(404, "NotFoundError");
            };
            let counted = json!({"malicious": malicious, "suspicious": 0, "harmless": 0, "undetected": 70 - malicious});
            (
                200,
                json!({"data": {"type": "file", "attributes": {"last_analysis_stats": counted}}}),
            )
        }
        _ => failed(404, "NotFoundError"),
    }
}
