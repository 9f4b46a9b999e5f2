//! Many clients on one thread, each with a connection of its own that stays open. Requests leave when they are due, not
//! when the server is ready for them: what it makes them wait counts.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::http::whole_answer;
use crate::timing::now;

const EVENTS: usize = 256;
/// An answer to a delivery is short.
const ANSWER_MAX: usize = 64 << 10;
/// The server is given up when it answers nobody for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one client sends, round after round; nothing where its request is empty.
pub(crate) type Requests = VecDeque<Vec<u8>>;

/// Clients that take turns.
pub(crate) struct Crowd {
    members: Vec<Member>,
    epoll: OwnedFd,
    /// From the time a request was due to its answer, in milliseconds.
    latencies: Vec<f64>,
}

struct Member {
    stream: TcpStream,
    requests: Requests,
    /// Requests that have not left, and when they were due.
    waiting: VecDeque<(Instant, Vec<u8>)>,
    under_way: Option<UnderWay>,
}

/// A request that waits for its answer.
struct UnderWay {
    due: Instant,
    request: Vec<u8>,
    written: usize,
    answer: Vec<u8>,
}

impl Crowd {
    /// Connects a client for each list of requests.
    pub(crate) fn connect(address: &str, lists: Vec<Requests>) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).context("cannot make an epoll")?;
        let mut members = Vec::new();
        for (at, requests) in lists.into_iter().enumerate() {
            let stream =
                TcpStream::connect(address).with_context(|| format!("cannot connect client {at} to {address}"))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let both = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
            epoll::add(&epoll, &stream, epoll::EventData::new_u64(at as u64), both)?;
            members.push(Member {
                stream,
                requests,
                waiting: VecDeque::new(),
                under_way: None,
            });
        }
        Ok(Self {
            members,
            epoll,
            latencies: Vec::new(),
        })
    }

    /// Sends everything; `due` says when the request of a round (from 0) and a client is due, the earlier the smaller
    /// both are. Returns what each took, in milliseconds.
    pub(crate) fn run(mut self, due: impl Fn(usize, usize) -> Instant) -> Result<Vec<f64>> {
        let members = self.members.len();
        let turns = members
            * self
                .members
                .iter()
                .map(|member| member.requests.len())
                .max()
                .unwrap_or(0);
        let due = |turn: usize| due(turn / members, turn % members);
        let mut events = Vec::with_capacity(EVENTS);
        let (mut turn, mut asked, mut heard) = (0, 0, now());
        while turn < turns || self.latencies.len() < asked {
            let answered = self.latencies.len();
            while turn < turns && due(turn) <= now() {
                asked += usize::from(self.members[turn % members].ask(due(turn)));
                self.serve(turn % members)?;
                turn += 1;
            }
            let wait = if turn < turns {
                due(turn).saturating_duration_since(now())
            } else {
                PATIENCE
            };
            if turn == turns && self.latencies.len() == asked {
                break;
            }
            wait_for_events(&self.epoll, &mut events, wait.min(PATIENCE))?;
            for event in events.drain(..) {
                self.serve(event.data.u64() as usize)?;
            }
            // Nobody is waited for while nothing is under way.
            if self.latencies.len() > answered || self.latencies.len() == asked {
                heard = now();
            }
            ensure!(
                heard.elapsed() < PATIENCE,
                "the server has answered nobody for {} s",
                PATIENCE.as_secs()
            );
        }
        Ok(self.latencies)
    }

    /// Brings one client as far as it comes now.
    fn serve(&mut self, at: usize) -> Result<()> {
        let member = &mut self.members[at];
        while member.begin() {
            let Some(due) = member.go_on()? else { break };
            self.latencies.push(due.elapsed().as_secs_f64() * 1e3);
        }
        Ok(())
    }
}

impl Member {
    /// Its turn has come: whether it has anything to send.
    fn ask(&mut self, due: Instant) -> bool {
        let request = self.requests.pop_front().unwrap_or_default();
        let is_any = !request.is_empty();
        if is_any {
            self.waiting.push_back((due, request));
        }
        is_any
    }

    /// Whether a request is under way, the next one if it waits.
    fn begin(&mut self) -> bool {
        if self.under_way.is_none()
            && let Some((due, request)) = self.waiting.pop_front()
        {
            self.under_way = Some(UnderWay {
                due,
                request,
                written: 0,
                answer: Vec::new(),
            });
        }
        self.under_way.is_some()
    }

    /// Writes and reads what can be; when the request was due, once it is answered.
    fn go_on(&mut self) -> Result<Option<Instant>> {
        let Some(under_way) = &mut self.under_way else {
            return Ok(None);
        };
        while under_way.written < under_way.request.len() {
            match self.stream.write(&under_way.request[under_way.written..]) {
                Ok(bytes) => under_way.written += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("cannot send a batch"),
            }
        }
        let mut piece = [0; 4096];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => bail!("the server closed a connection that was in use"),
                Ok(bytes) => under_way.answer.extend_from_slice(&piece[..bytes]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error).context("cannot read an answer"),
            }
            if let Some((status, body)) = whole_answer(&under_way.answer)? {
                check(status, body)?;
                let due = under_way.due;
                self.under_way = None;
                return Ok(Some(due));
            }
            ensure!(under_way.answer.len() < ANSWER_MAX, "an answer has no end");
        }
    }
}

/// An acknowledgement of something new.
fn check(status: u16, body: &[u8]) -> Result<()> {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    ensure!(
        status == 200 && text.contains("\"stored\""),
        "a batch was answered {status}: {text}"
    );
    Ok(())
}

fn wait_for_events(epoll: &OwnedFd, events: &mut Vec<epoll::Event>, limit: Duration) -> Result<()> {
    let limit = Timespec {
        tv_sec: limit.as_secs() as i64,
        tv_nsec: i64::from(limit.subsec_nanos()),
    };
    match epoll::wait(epoll, spare_capacity(events), Some(&limit)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error).context("cannot wait for the server"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;

    const REQUEST: &[u8] = b"POST / HTTP/1.1\r\n\r\n";

    /// Answers each request after a time, in two pieces.
    fn slow_server(pause: Duration, answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut line = String::new();
                    while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                        if line.ends_with("\r\n\r\n") {
                            crate::timing::pause(pause);
                            let (first, second) = answer.split_at(20);
                            (&stream).write_all(first.as_bytes()).unwrap();
                            (&stream).write_all(second.as_bytes()).unwrap();
                            line.clear();
                        }
                    }
                });
            }
        });
        address
    }

    fn lists(members: usize, requests: usize) -> Vec<Requests> {
        vec![vec![REQUEST.to_vec(); requests].into(); members]
    }

    #[test]
    fn what_waits_behind_a_slow_answer_counts_from_when_it_was_due() {
        let pause = Duration::from_millis(20);
        let address = slow_server(pause, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\"stored\"");
        let begun = now();
        let mut lists = lists(3, 4);
        lists[1].insert(2, Vec::new());
        let crowd = Crowd::connect(&address, lists).unwrap();
        let mut latencies = crowd.run(|_, _| begun).unwrap();
        latencies.sort_by(f64::total_cmp);
        assert_eq!(latencies.len(), 12);
        assert!(latencies[0] >= 20.0, "{latencies:?}");
        assert!(
            latencies[11] >= 80.0,
            "the fourth of each waits for three others: {latencies:?}"
        );
    }

    #[test]
    fn a_refusal_ends_it() {
        let address = slow_server(
            Duration::ZERO,
            "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nfull",
        );
        let begun = now();
        let crowd = Crowd::connect(&address, lists(2, 1)).unwrap();
        let error = crowd.run(|_, _| begun).unwrap_err().to_string();
        assert_eq!(error, "a batch was answered 429: full");
    }
}
