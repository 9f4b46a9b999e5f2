//! Local doubles of what messages are sent to: the Telegram Bot API (core.telegram.org/bots/api) and a webhook. Threads
//! and plain sockets, so that any test can use them, also one without tokio: `#[path = "…/doubles.rs"] mod doubles;`.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "included by several test programs, none of which uses everything"
)]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_kit::{Clock, SystemClock};

const POLL: Duration = Duration::from_millis(2);
const BODY_BYTES_MAX: usize = 4 << 20;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Status, further headers, body.
    Answer(u16, Vec<(String, String)>, String),
    /// These bytes as they are, whatever they are; then the connection ends.
    Raw(Vec<u8>),
    /// No answer until something else is decided; then the connection ends.
    Hang,
    /// The connection ends.
    Close,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

struct Inner {
    /// What is wanted; false: nobody listens on the port.
    listens: Mutex<bool>,
    /// What is so.
    bound: Mutex<bool>,
    ends: Mutex<bool>,
    open: Mutex<Vec<TcpStream>>,
    handler: Box<Handler>,
}

/// A small HTTP/1.1 server on a loopback port of its own, which can refuse connections and come back.
pub struct HttpDouble {
    address: SocketAddr,
    inner: Arc<Inner>,
    thread: Option<JoinHandle<()>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpDouble {
    pub fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new(Inner {
            listens: Mutex::new(true),
            bound: Mutex::new(true),
            ends: Mutex::new(false),
            open: Mutex::default(),
            handler: Box::new(handler),
        });
        let shared = Arc::clone(&inner);
        let thread = std::thread::spawn(move || accept(&shared, address, listener));
        Self {
            address,
            inner,
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// With false, connections are refused, and those that are open end.
    pub fn listen(&self, listens: bool) {
        *lock(&self.inner.listens) = listens;
        while *lock(&self.inner.bound) != listens {
            std::thread::sleep(POLL);
        }
        if !listens {
            self.end_connections();
        }
    }

    fn end_connections(&self) {
        for stream in lock(&self.inner.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for HttpDouble {
    fn drop(&mut self) {
        *lock(&self.inner.ends) = true;
        self.end_connections();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn accept(inner: &Arc<Inner>, address: SocketAddr, first: TcpListener) {
    let mut listener = Some(first);
    while !*lock(&inner.ends) {
        let wanted = *lock(&inner.listens);
        if !wanted {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).ok();
        }
        *lock(&inner.bound) = listener.is_some();
        if let Some(listener) = &listener {
            listener.set_nonblocking(true).unwrap();
            if let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(false).unwrap();
                lock(&inner.open).push(stream.try_clone().unwrap());
                let inner = Arc::clone(inner);
                std::thread::spawn(move || serve(&inner, stream));
                continue;
            }
        }
        std::thread::sleep(POLL);
    }
}

/// One connection, request after request.
fn serve(inner: &Inner, mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let reply = loop {
            match (inner.handler)(&request) {
                Reply::Hang if !*lock(&inner.ends) && *lock(&inner.listens) => std::thread::sleep(POLL),
                reply => break reply,
            }
        };
        let (status, headers, body) = match reply {
            Reply::Answer(status, headers, body) => (status, headers, body),
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes);
                break;
            }
            Reply::Hang | Reply::Close => break,
        };
        let mut head = format!("HTTP/1.1 {status} -\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            for part in [name.as_ref(), ": ", value.as_ref(), "\r\n"] {
                head.push_str(part);
            }
        }
        // One piece: several small ones would wait for one another (Nagle).
        if stream.write_all(format!("{head}\r\n{body}").as_bytes()).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut line = || {
        let mut text = String::new();
        (reader.read_line(&mut text).ok()? > 0).then(|| text.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let header = line()?;
        if header.is_empty() {
            break;
        }
        let (name, value) = header.split_once(':')?;
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(Some(0), |text| text.parse().ok())?;
    assert!(length <= BODY_BYTES_MAX, "a body of {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
    })
}

/// How the Bot API behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As it should.
    Up,
    /// Nobody listens.
    Refuse,
    /// Takes requests and never answers.
    Hang,
    /// An error of its own, as JSON the API would send: 500, 502, 403…
    Fail(u16, &'static str),
    /// 429 with `parameters.retry_after` in seconds.
    TooMany(u64),
    /// A page that is not the API's, with the requested path in it, as proxies have.
    Page(u16),
}

/// A message that the API accepted.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// When, in nanoseconds since 1970.
    pub at: i64,
    /// As it was given: a number or `@name`.
    pub chat: Value,
    pub text: String,
    pub thread: Option<i64>,
    /// The whole request.
    pub body: Value,
}

struct Chat {
    mode: Mode,
    /// After so many accepted messages, this mode.
    then: Option<(usize, Mode)>,
    arrived: Vec<Arrived>,
    /// Requests of any outcome.
    requests: usize,
    moved: HashMap<i64, i64>,
    /// Updates that wait for `getUpdates`.
    updates: Vec<Value>,
    /// Since when a call of `getUpdates` waits.
    waits_since: Option<i64>,
    /// What came of methods other than `sendMessage` and `getUpdates`, with its method's name.
    other: Vec<(String, Value)>,
}

/// A Telegram Bot API server with one bot.
pub struct TelegramDouble {
    http: HttpDouble,
    chat: Arc<Mutex<Chat>>,
}

impl TelegramDouble {
    pub fn start(token: &str) -> Self {
        let chat = Arc::new(Mutex::new(Chat {
            mode: Mode::Up,
            then: None,
            arrived: Vec::new(),
            requests: 0,
            moved: HashMap::new(),
            updates: Vec::new(),
            waits_since: None,
            other: Vec::new(),
        }));
        let shared = Arc::clone(&chat);
        let token = token.to_owned();
        let clock = SystemClock::new();
        let counted: Mutex<Vec<u8>> = Mutex::default();
        let http = HttpDouble::start(move |request| {
            let mut chat = lock(&shared);
            // A request that hangs is asked about again and again.
            let mut last = lock(&counted);
            if request.path.ends_with("/getUpdates") {
                return chat.handle(&token, request, clock.now());
            }
            if chat.mode != Mode::Hang || *last != request.body {
                chat.requests += 1;
            }
            (*last).clone_from(&request.body);
            chat.handle(&token, request, clock.now())
        });
        Self { http, chat }
    }

    /// For `api_url`.
    pub fn url(&self) -> String {
        self.http.url()
    }

    pub fn set(&self, mode: Mode) {
        let listens = mode != Mode::Refuse;
        lock(&self.chat).mode = mode;
        self.http.listen(listens);
    }

    /// Takes `count` more messages, then goes over to another mode.
    pub fn after(&self, count: usize, mode: Mode) {
        let mut chat = lock(&self.chat);
        let total = chat.arrived.len() + count;
        chat.then = Some((total, mode));
    }

    /// A group that became a supergroup.
    pub fn migrate(&self, from: i64, to: i64) {
        lock(&self.chat).moved.insert(from, to);
    }

    /// Somebody presses a button below the message of this number: an update with a `callback_query`.
    pub fn press(&self, chat: i64, user: &str, data: &str) {
        let mut state = lock(&self.chat);
        let n = state.updates.len() + 1;
        state.updates.push(json!({"update_id": 1_000 + n, "callback_query": {
            "id": n.to_string(),
            "from": {"id": 7, "is_bot": false, "first_name": "Anna", "username": user},
            "message": {"message_id": 1, "date": 0, "chat": {"id": chat, "type": "supergroup"}},
            "chat_instance": "1",
            "data": data,
        }}));
    }

    /// What came of other methods, with their names.
    pub fn other(&self) -> Vec<(String, Value)> {
        lock(&self.chat).other.clone()
    }

    /// What was accepted, in order.
    pub fn arrived(&self) -> Vec<Arrived> {
        lock(&self.chat).arrived.clone()
    }

    pub fn texts(&self) -> Vec<String> {
        self.arrived().into_iter().map(|arrived| arrived.text).collect()
    }

    /// How many requests came, whatever their outcome.
    pub fn requests(&self) -> usize {
        lock(&self.chat).requests
    }
}

impl Chat {
    fn handle(&mut self, token: &str, request: &Request, now: i64) -> Reply {
        match &self.mode {
            Mode::Refuse => return Reply::Close,
            Mode::Hang => return Reply::Hang,
            Mode::Fail(code, description) => return failure(*code, description, None),
            Mode::TooMany(seconds) => {
                let description = format!("Too Many Requests: retry after {seconds}");
                return failure(429, &description, Some(json!({ "retry_after": seconds })));
            }
            Mode::Page(status) => {
                let page = format!("<html>The requested URL {} was not found</html>", request.path);
                return Reply::Answer(*status, Vec::new(), page);
            }
            Mode::Up => {}
        }
        if !request.path.starts_with(&format!("/bot{token}/")) {
            return failure(401, "Unauthorized", None);
        }
        // Methods are found without regard to case.
        let method = request.path.rsplit('/').next().unwrap_or_default().to_lowercase();
        match method.as_str() {
            "sendmessage" => self.send_message(&request.body, now),
            "getupdates" => self.get_updates(&request.body, now),
            "answercallbackquery" | "editmessagereplymarkup" => {
                let body = serde_json::from_slice(&request.body).unwrap_or_default();
                self.other.push((method, body));
                Reply::Answer(200, json_type(), json!({"ok": true, "result": true}).to_string())
            }
            _ => failure(404, "Not Found", None),
        }
    }

    /// Waits for updates as long as it is told to; those before `offset` are forgotten.
    fn get_updates(&mut self, body: &[u8], now: i64) -> Reply {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let offset = body["offset"].as_i64().unwrap_or_default();
        let new: Vec<&Value> = self
            .updates
            .iter()
            .filter(|update| update["update_id"].as_i64() >= Some(offset))
            .collect();
        let since = *self.waits_since.get_or_insert(now);
        if new.is_empty() && now - since < body["timeout"].as_i64().unwrap_or_default() * 1_000_000_000 {
            return Reply::Hang;
        }
        let answer = json!({"ok": true, "result": new}).to_string();
        self.waits_since = None;
        Reply::Answer(200, json_type(), answer)
    }

    fn send_message(&mut self, body: &[u8], now: i64) -> Reply {
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return failure(400, "Bad Request: can't parse JSON", None);
        };
        let chat = body["chat_id"].clone();
        if chat.is_null() {
            return failure(400, "Bad Request: chat_id is empty", None);
        }
        if let Some(to) = chat.as_i64().and_then(|chat| self.moved.get(&chat)) {
            let description = "Bad Request: group chat was upgraded to a supergroup chat";
            return failure(400, description, Some(json!({ "migrate_to_chat_id": to })));
        }
        let text = body["text"].as_str().unwrap_or_default().trim().to_owned();
        if text.is_empty() {
            return failure(400, "Bad Request: message text is empty", None);
        }
        if text.encode_utf16().count() > 4_096 {
            return failure(400, "Bad Request: message is too long", None);
        }
        let result = json!({
            "message_id": self.arrived.len() + 1,
            "chat": {"id": chat, "type": "supergroup"},
            "date": now / 1_000_000_000,
            "text": text,
        });
        self.arrived.push(Arrived {
            at: now,
            chat,
            text,
            thread: body["message_thread_id"].as_i64(),
            body,
        });
        if let Some((total, mode)) = self.then.clone()
            && self.arrived.len() >= total
        {
            self.mode = mode;
            self.then = None;
        }
        Reply::Answer(200, json_type(), json!({"ok": true, "result": result}).to_string())
    }
}

fn failure(code: u16, description: &str, parameters: Option<Value>) -> Reply {
    let mut body = json!({"ok": false, "error_code": code, "description": description});
    if let Some(parameters) = parameters {
        body["parameters"] = parameters;
    }
    Reply::Answer(code, json_type(), body.to_string())
}

fn json_type() -> Vec<(String, String)> {
    vec![("Content-Type".to_owned(), "application/json".to_owned())]
}

struct Hook {
    reply: Reply,
    taken: Vec<Request>,
}

/// Takes webhooks and keeps those it answered with 2xx.
pub struct WebhookDouble {
    http: HttpDouble,
    hook: Arc<Mutex<Hook>>,
}

impl WebhookDouble {
    pub fn start() -> Self {
        let hook = Arc::new(Mutex::new(Hook {
            reply: Reply::Answer(204, Vec::new(), String::new()),
            taken: Vec::new(),
        }));
        let shared = Arc::clone(&hook);
        let http = HttpDouble::start(move |request| {
            let mut hook = lock(&shared);
            let reply = hook.reply.clone();
            if matches!(reply, Reply::Answer(200..300, ..)) {
                hook.taken.push(request.clone());
            }
            reply
        });
        Self { http, hook }
    }

    pub fn url(&self) -> String {
        self.http.url()
    }

    pub fn set(&self, reply: Reply) {
        lock(&self.hook).reply = reply;
    }

    pub fn listen(&self, listens: bool) {
        self.http.listen(listens);
    }

    /// What it answered with 2xx, in order.
    pub fn taken(&self) -> Vec<Request> {
        lock(&self.hook).taken.clone()
    }

    /// The same, as JSON.
    pub fn bodies(&self) -> Vec<Value> {
        let taken = self.taken();
        taken
            .iter()
            .map(|request| serde_json::from_slice(&request.body).unwrap())
            .collect()
    }
}
