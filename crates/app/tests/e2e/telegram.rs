//! A local double of the Telegram Bot API: `POST /bot<token>/sendMessage` as its documentation has it
//! (<https://core.telegram.org/bots/api#sendmessage>). What cannot be had here are Telegram's own servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_kit::{Clock, SystemClock};

pub(crate) const TOKEN: &str = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

#[derive(Default)]
struct State {
    received: Mutex<Vec<Value>>,
    /// Updates of pressed buttons.
    presses: Mutex<Vec<Value>>,
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

    /// The same as people make it: the keys as JSON.
    pub(crate) fn settings(&self) -> Value {
        json!({
            "name": "ops", "kind": "telegram", "token": TOKEN, "chat": "-100123", "timezone": "UTC",
            "api_url": format!("http://127.0.0.1:{}", self.port),
        })
    }

    /// Down: every request is answered with 502, as a broken gateway does.
    pub(crate) fn set_down(&self, down: bool) {
        self.state.down.store(down, Ordering::SeqCst);
    }

    /// Silent: messages are taken, and nobody hears of it.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }

    /// Somebody presses the button of the last message whose data begins so.
    pub(crate) fn press(&self, data: &str) {
        let received = self.state.received.lock().unwrap();
        let message = received.last().unwrap();
        let rows = message["reply_markup"]["inline_keyboard"].as_array().unwrap();
        let mut buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
        let button = buttons.find(|button| button["callback_data"].as_str().unwrap().starts_with(data));
        let chat: i64 = message["chat_id"].as_i64().unwrap();
        let mut presses = self.state.presses.lock().unwrap();
        let n = presses.len() + 1;
        presses.push(json!({"update_id": n, "callback_query": {
            "id": n.to_string(),
            "from": {"id": 7, "is_bot": false, "first_name": "Anna", "username": "anna"},
            "message": {"message_id": received.len(), "date": 1, "chat": {"id": chat, "type": "group"}},
            "data": button.unwrap()["callback_data"],
        }}));
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
    let method = path.strip_prefix(&format!("/bot{TOKEN}/"));
    match method {
        Some("getUpdates") => return (200, json!({"ok": true, "result": updates(body, state)})),
        Some("answerCallbackQuery" | "editMessageReplyMarkup") => return (200, json!({"ok": true, "result": true})),
        Some("sendMessage") => {}
        _ => return failed(404, "Not Found"),
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

/// Waits for presses as long as it is told to; those before `offset` are known.
fn updates(body: &Value, state: &State) -> Vec<Value> {
    let offset = body["offset"].as_i64().unwrap_or_default();
    let clock = SystemClock::new();
    let timeout = Duration::from_secs(body["timeout"].as_u64().unwrap_or_default());
    loop {
        let presses = state.presses.lock().unwrap().clone();
        let new: Vec<Value> = presses
            .into_iter()
            .filter(|update| update["update_id"].as_i64() >= Some(offset))
            .collect();
        if !new.is_empty() || clock.monotonic() >= timeout || state.ended.load(Ordering::SeqCst) {
            return new;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
