//! Many agents on one thread, each with a connection of its own that stays open. Batches are due when they are, not when
//! the server is ready for them: what it makes them wait counts. Those that wait leave together, as an agent does it.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use watchpost_event::protocol::BATCH_CONTENT_TYPE;

use crate::http::{Target, whole_answer};
use crate::timing::now;

const EVENTS: usize = 256;
/// An answer to a delivery is short.
const ANSWER_MAX: usize = 64 << 10;
/// The server is given up when it answers nobody for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Batches that may leave together.
const TOGETHER: usize = 64;

/// What one agent sends, a batch a round; nothing where the batch is empty.
pub(crate) type Batches = VecDeque<Vec<u8>>;

/// Agents that take turns.
pub(crate) struct Crowd {
    members: Vec<Member>,
    epoll: OwnedFd,
    /// From the time a batch was due to its acknowledgement, in milliseconds.
    latencies: Vec<f64>,
}

struct Member {
    stream: TcpStream,
    target: Target,
    batches: Batches,
    /// Batches that have not left, and when they were due.
    waiting: VecDeque<(Instant, Vec<u8>)>,
    under_way: Option<UnderWay>,
}

/// A request that waits for its answer.
struct UnderWay {
    /// When its batches were.
    due: Vec<Instant>,
    request: Vec<u8>,
    written: usize,
    answer: Vec<u8>,
}

impl Crowd {
    /// Connects each agent.
    pub(crate) fn connect(agents: Vec<(Target, Batches)>) -> Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).context("cannot make an epoll")?;
        let mut members = Vec::new();
        for (at, (target, batches)) in agents.into_iter().enumerate() {
            let stream = TcpStream::connect(&target.address)
                .with_context(|| format!("cannot connect agent {at} to {}", target.address))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            let both = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
            epoll::add(&epoll, &stream, epoll::EventData::new_u64(at as u64), both)?;
            members.push(Member {
                stream,
                target,
                batches,
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

    /// Sends everything; `due` says when the batch of a round (from 0) and an agent is due, the earlier the smaller both
    /// are. Returns what each took, in milliseconds.
    pub(crate) fn run(mut self, due: impl Fn(usize, usize) -> Instant) -> Result<Vec<f64>> {
        let members = self.members.len();
        let turns = members
            * self
                .members
                .iter()
                .map(|member| member.batches.len())
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

    /// Brings one agent as far as it comes now.
    fn serve(&mut self, at: usize) -> Result<()> {
        let member = &mut self.members[at];
        while member.begin() {
            let Some(due) = member.go_on()? else { break };
            let latencies = due.iter().map(|due| due.elapsed().as_secs_f64() * 1e3);
            self.latencies.extend(latencies);
        }
        Ok(())
    }
}

impl Member {
    /// Its turn has come: whether it has anything to send.
    fn ask(&mut self, due: Instant) -> bool {
        let batch = self.batches.pop_front().unwrap_or_default();
        let is_any = !batch.is_empty();
        if is_any {
            self.waiting.push_back((due, batch));
        }
        is_any
    }

    /// Whether a request is under way, one of what waits if there was none.
    fn begin(&mut self) -> bool {
        if self.under_way.is_none() && !self.waiting.is_empty() {
            let together = self.waiting.len().min(TOGETHER);
            let (due, batches): (Vec<_>, Vec<_>) = self.waiting.drain(..together).unzip();
            self.under_way = Some(UnderWay {
                due,
                request: self
                    .target
                    .kept_post("/api/v1/agent/data", BATCH_CONTENT_TYPE, &batches.concat()),
                written: 0,
                answer: Vec::new(),
            });
        }
        self.under_way.is_some()
    }

    /// Writes and reads what can be; when the batches were due, once they are acknowledged.
    fn go_on(&mut self) -> Result<Option<Vec<Instant>>> {
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
                return Ok(self.under_way.take().map(|under_way| under_way.due));
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

    /// Answers each request after a time, in two pieces.
    fn slow_server(pause: Duration, answer: &'static str) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve(&stream, pause, answer));
            }
        });
        Target {
            address,
            token: "key".to_owned(),
        }
    }

    fn serve(mut stream: &TcpStream, pause: Duration, answer: &str) {
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                reader.read_exact(&mut vec![0; length]).unwrap();
                crate::timing::pause(pause);
                let (first, second) = answer.split_at(20);
                stream.write_all(first.as_bytes()).unwrap();
                stream.write_all(second.as_bytes()).unwrap();
            }
            line.clear();
        }
    }

    fn agents(target: &Target, members: usize, batches: usize) -> Vec<(Target, Batches)> {
        vec![(target.clone(), vec![b"batch".to_vec(); batches].into()); members]
    }

    #[test]
    fn what_waits_behind_a_slow_answer_leaves_together_and_counts_from_when_it_was_due() {
        let pause = Duration::from_millis(50);
        let target = slow_server(pause, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\"stored\"");
        let begun = now();
        let mut agents = agents(&target, 3, 4);
        agents[1].1.insert(2, Vec::new());
        let mut latencies = Crowd::connect(agents).unwrap().run(|_, _| begun).unwrap();
        latencies.sort_by(f64::total_cmp);
        assert_eq!(latencies.len(), 12);
        assert!(latencies[0] >= 50.0, "{latencies:?}");
        assert!(
            latencies[3..].iter().all(|latency| *latency >= 100.0),
            "what follows the first waits for it: {latencies:?}"
        );
    }

    #[test]
    fn a_refusal_ends_it() {
        let target = slow_server(
            Duration::ZERO,
            "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nfull",
        );
        let begun = now();
        let crowd = Crowd::connect(agents(&target, 2, 1)).unwrap();
        let error = crowd.run(|_, _| begun).unwrap_err().to_string();
        assert_eq!(error, "a batch was answered 429: full");
    }
}
