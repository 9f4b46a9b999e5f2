//! A local double of the Telegram Bot API: `POST /bot<token>/sendMessage` as its documentation has it
//! (<https://core.telegram.org/bots/api#sendmessage>). What cannot be had here are Telegram's own servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

#[derive(Default)]
struct State {
    received: Mutex<Vec<Value>>,
    down: AtomicBool,
    silent: AtomicBool,
    ended: AtomicBool,
}

pub(crate) struct Telegram {
    port: u16,
    state: Arc<State>,
}

impl Telegram {
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

    /// A channel that leads here.
    pub(crate) fn channel(&self, more: &str) -> String {
        format!(
            "[[channel]]\nname = \"ops\"\nkind = \"telegram\"\ntoken = \"{TOKEN}\"\nchat = \"-100123\"\n\
             api_url = \"http://127.0.0.1:{}\"\ntimezone = \"UTC\"\n{more}\n",
            self.port
        )
    }

    /// Down: every request is answered with 502, as a broken gateway does.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// Silent: messages are taken, and nobody hears of it.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }

    /// The texts of all messages taken.
    pub(crate) fn texts(&self) -> Vec<String> {
        let received = self.state.received.lock().unwrap();
        received
            .iter()
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Telegram {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, state: &State) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some((path, body)) = request(&mut reader) {
        let (status, answer) = answer(&path, &body, state);
        if state.silent.load(Ordering::SeqCst) {
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

fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Value)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim_end();
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

fn answer(path: &str, body: &Value, state: &State) -> (u16, Value) {
    let failed = |code: u16, description: &str| {
        (
            code,
            json!({ "ok": false, "error_code": code, "description": description }),
        )
    };
    if state.down.load(Ordering::SeqCst) {
        return failed(502, "Bad Gateway");
    }
    if path != format!("/bot{TOKEN}/sendMessage") {
        return failed(404, "Not Found");
    }
    // "Integer or String"
    let chat = &body["chat_id"];
    if !chat.is_i64() && chat.as_str().is_none_or(str::is_empty) {
        return failed(400, "Bad Request: chat_id is empty");
    }
    let Some(text) = body["text"].as_str().filter(|text| !text.is_empty()) else {
        return failed(400, "Bad Request: message text is empty");
    };
    if text.encode_utf16().count() > 4096 {
        return failed(400, "Bad Request: message is too long");
    }
    let mut received = state.received.lock().unwrap();
    received.push(body.clone());
    let message =
        json!({ "message_id": received.len(), "date": 1, "chat": { "id": chat, "type": "group" }, "text": text });
    (200, json!({ "ok": true, "result": message }))
}
