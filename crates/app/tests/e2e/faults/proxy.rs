//! A line between agent and server with weather: a plain TCP forwarder in this process.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::harness::wait_for;

/// How soon a quiet connection notices other weather.
const NOTICE: Duration = Duration::from_millis(10);
/// A slow line gets its bytes in so many pieces a second.
const PIECES: usize = 50;

/// What the line does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Everything passes.
    Fair,
    /// Connections are reset, new ones at once.
    Cut,
    /// So many bytes a second from the agent to the server.
    Slow(usize),
    /// A delivery is reset once so many of its bytes have passed.
    ResetInBody(usize),
    /// The server gets the delivery whole; its answer is reset behind so many bytes.
    ResetInAnswer(usize),
    /// Deliveries are accepted and never answered; the server gets nothing.
    HalfOpen,
}

struct State {
    server: String,
    weather: Mutex<Weather>,
    hits: AtomicU64,
    ended: AtomicBool,
}

impl State {
    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap()
    }
}

/// Forwards connections to a server until dropped.
pub(super) struct Proxy {
    pub(super) port: u16,
    state: Arc<State>,
}

impl Proxy {
    pub(super) fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            server,
            weather: Mutex::new(Weather::Fair),
            hits: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let shared = state.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                let shared = shared.clone();
                thread::spawn(move || serve(connection.unwrap(), &shared));
            }
        });
        Self { port, state }
    }

    /// From now on; the hits are counted anew.
    pub(super) fn set(&self, weather: Weather) {
        let mut current = self.state.weather.lock().unwrap();
        *current = weather;
        self.state.hits.store(0, Ordering::SeqCst);
    }

    /// Waits until the weather has struck so often.
    pub(super) fn wait_hits(&self, wanted: u64) {
        wait_for("the line to fail", || {
            let hits = self.state.hits.load(Ordering::SeqCst);
            if hits >= wanted {
                Ok(())
            } else {
                Err(format!("{hits} of {wanted} times"))
            }
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// One connection, its two ways on two threads.
struct Link {
    client: TcpStream,
    server: TcpStream,
    state: Arc<State>,
    /// The request under way is a delivery.
    delivering: AtomicBool,
    /// Bytes of it.
    passed: AtomicUsize,
    broken: AtomicBool,
}

fn serve(client: TcpStream, state: &Arc<State>) {
    if state.weather() == Weather::Cut {
        state.hits.fetch_add(1, Ordering::SeqCst);
        return reset_when_closed(&client);
    }
    // Without a server the client sees the connection end.
    let Ok(server) = TcpStream::connect(&state.server) else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(NOTICE)).unwrap();
    }
    let link = Arc::new(Link {
        client,
        server,
        state: state.clone(),
        delivering: AtomicBool::new(false),
        passed: AtomicUsize::new(0),
        broken: AtomicBool::new(false),
    });
    let back = link.clone();
    let answers = thread::spawn(move || back.pump(&back.server, Link::answer));
    link.pump(&link.client, Link::request);
    answers.join().unwrap();
}

/// Closing sends a reset instead of an end.
fn reset_when_closed(stream: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

impl Link {
    /// Passes on what comes from one side, until either is gone.
    fn pump(&self, mut from: &TcpStream, pass: fn(&Self, &[u8]) -> std::io::Result<()>) {
        let mut buffer = vec![0; 16 * 1024];
        while !self.broken.load(Ordering::SeqCst) && !self.state.ended.load(Ordering::SeqCst) {
            if self.state.weather() == Weather::Cut {
                self.strike();
                break;
            }
            let passed = match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => pass(self, &buffer[..n]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
                Err(error) => Err(error),
            };
            if passed.is_err() {
                break;
            }
        }
        self.broken.store(true, Ordering::SeqCst);
    }

    /// The weather ends this connection: both sides see a reset when the other thread has noticed.
    fn strike(&self) {
        self.state.hits.fetch_add(1, Ordering::SeqCst);
        reset_when_closed(&self.client);
        reset_when_closed(&self.server);
        self.broken.store(true, Ordering::SeqCst);
    }

    fn request(&self, bytes: &[u8]) -> std::io::Result<()> {
        // One request at a time, and its head comes in one piece.
        if bytes.starts_with(b"POST /api/v1/agent/data") {
            self.delivering.store(true, Ordering::SeqCst);
            self.passed.store(0, Ordering::SeqCst);
        } else if bytes.starts_with(b"GET ") {
            self.delivering.store(false, Ordering::SeqCst);
        }
        let before = self.passed.fetch_add(bytes.len(), Ordering::SeqCst);
        if !self.delivering.load(Ordering::SeqCst) {
            return (&self.server).write_all(bytes);
        }
        match self.state.weather() {
            Weather::HalfOpen => {
                self.state.hits.fetch_add(1, Ordering::SeqCst);
                self.hold()
            }
            Weather::ResetInBody(after) if before + bytes.len() > after => {
                (&self.server).write_all(&bytes[..after.saturating_sub(before).min(bytes.len())])?;
                self.strike();
                Ok(())
            }
            Weather::Slow(bytes_a_second) => {
                for piece in bytes.chunks((bytes_a_second / PIECES).max(1)) {
                    (&self.server).write_all(piece)?;
                    thread::sleep(Duration::from_secs(1) / PIECES as u32);
                }
                Ok(())
            }
            _ => (&self.server).write_all(bytes),
        }
    }

    /// Takes and keeps everything, whatever the weather becomes, until the client gives up.
    fn hold(&self) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            match (&self.client).read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::ConnectionAborted.into()),
                Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(error);
                }
                _ if self.state.ended.load(Ordering::SeqCst) => return Ok(()),
                _ => {}
            }
        }
    }

    fn answer(&self, bytes: &[u8]) -> std::io::Result<()> {
        match self.state.weather() {
            Weather::ResetInAnswer(after) if self.delivering.load(Ordering::SeqCst) => {
                (&self.client).write_all(&bytes[..after.min(bytes.len())])?;
                self.strike();
                Ok(())
            }
            _ => (&self.client).write_all(bytes),
        }
    }
}
