//! Messages of the process connector: `nlmsghdr`, `cn_msg`, `proc_event` (linux/netlink.h, connector.h, cn_proc.h).
//!
//! Pure: bytes in, events out. Everything is in the machine's own byte order.

use std::collections::HashMap;

const NETLINK_HEADER: usize = 16;
const CONNECTOR_HEADER: usize = 20;
/// `what`, `cpu`, `timestamp_ns`.
const EVENT_HEADER: usize = 16;
const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// One datagram holds one message; more than this is nonsense.
const MESSAGES: usize = 64;
/// What some kernels' acknowledgements carry: they belong to no processor and are not counted.
const NO_CPU: u32 = u32::MAX;

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Counts this processor's messages, from any number, over `u32::MAX` to 0.
    pub(super) sequence: u32,
    pub(super) cpu: u32,
    /// CLOCK_MONOTONIC, in nanoseconds.
    pub(super) time: i64,
    pub(super) what: What,
}

/// What happened. `pid` is the process (the kernel's tgid), `thread` the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The answer to a listener's request, named by its number: 0, or an error number.
    Acknowledged {
        request: u32,
        error: u32,
    },
    Fork {
        parent: u32,
        thread: u32,
        pid: u32,
    },
    Exec {
        pid: u32,
    },
    User {
        thread: u32,
        pid: u32,
        uid: u32,
        euid: u32,
    },
    Exit {
        thread: u32,
        pid: u32,
        status: u32,
    },
    /// Of no interest, but counted.
    Other,
}

/// The messages of a datagram. What is cut off or not of the process connector is left out.
pub(super) fn parse(mut datagram: &[u8]) -> Vec<Message> {
    let mut messages = Vec::with_capacity(1);
    while messages.len() < MESSAGES {
        let Some(length) = number(datagram, 0) else { break };
        let length = length as usize;
        if length < NETLINK_HEADER || length > datagram.len() {
            break;
        }
        let kind = u16::from_ne_bytes([datagram[4], datagram[5]]);
        // The connector marks every message as the last of a list (`NLMSG_DONE`).
        if kind == NLMSG_DONE || kind > NLMSG_ERROR {
            messages.extend(message(&datagram[NETLINK_HEADER..length]));
        }
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    messages
}

fn message(bytes: &[u8]) -> Option<Message> {
    if number(bytes, 0)? != CN_IDX_PROC || number(bytes, 4)? != CN_VAL_PROC {
        return None;
    }
    let (sequence, acknowledges) = (number(bytes, 8)?, number(bytes, 12)?);
    let length = usize::from(u16::from_ne_bytes([*bytes.get(16)?, *bytes.get(17)?]));
    let event = bytes.get(CONNECTOR_HEADER..CONNECTOR_HEADER + length)?;
    let time = u64::from_ne_bytes(event.get(8..16)?.try_into().ok()?);
    let data = event.get(EVENT_HEADER..)?;
    Some(Message {
        sequence,
        cpu: number(event, 4)?,
        time: i64::try_from(time).ok()?,
        what: what(number(event, 0)?, acknowledges, data)?,
    })
}

fn what(kind: u32, acknowledges: u32, data: &[u8]) -> Option<What> {
    Some(match kind {
        0 => What::Acknowledged {
            request: acknowledges.wrapping_sub(1),
            error: number(data, 0)?,
        },
        1 => What::Fork {
            parent: number(data, 4)?,
            thread: number(data, 8)?,
            pid: number(data, 12)?,
        },
        2 => What::Exec { pid: number(data, 4)? },
        4 => What::User {
            thread: number(data, 0)?,
            pid: number(data, 4)?,
            uid: number(data, 8)?,
            euid: number(data, 12)?,
        },
        0x8000_0000 => What::Exit {
            thread: number(data, 0)?,
            pid: number(data, 4)?,
            status: number(data, 8)?,
        },
        _ => What::Other,
    })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes([four[0], four[1], four[2], four[3]]))
}

/// A listener's request. Its number comes back in the answer's `ack`, plus one: the answer's `seq` may be a processor's
/// count.
pub(super) fn listen(request: u32) -> Vec<u8> {
    const PROC_CN_MCAST_LISTEN: u32 = 1;
    let length = (NETLINK_HEADER + CONNECTOR_HEADER + 4) as u32;
    let mut bytes = Vec::with_capacity(length as usize);
    bytes.extend(length.to_ne_bytes());
    bytes.extend(NLMSG_DONE.to_ne_bytes());
    bytes.extend(0_u16.to_ne_bytes());
    for word in [0, 0, CN_IDX_PROC, CN_VAL_PROC, 0, request] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(4_u16.to_ne_bytes());
    bytes.extend(0_u16.to_ne_bytes());
    bytes.extend(PROC_CN_MCAST_LISTEN.to_ne_bytes());
    bytes
}

/// Finds what is missing: each processor counts its messages.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    /// The last number of each processor.
    last: HashMap<u32, u32>,
}

impl Sequences {
    /// How many messages of this processor are missing before this one.
    pub(super) fn missing_before(&mut self, message: &Message) -> u64 {
        /// A leap of more is a number from elsewhere, or one that comes late.
        const LEAP: u32 = 1 << 30;
        if message.cpu == NO_CPU {
            return 0;
        }
        let Some(last) = self.last.insert(message.cpu, message.sequence) else {
            return 0;
        };
        match message.sequence.wrapping_sub(last).wrapping_sub(1) {
            missing if missing < LEAP => u64::from(missing),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn bytes(sequence: u32, cpu: u32, time: u64, kind: u32, data: &[u32]) -> Vec<u8> {
        let body = EVENT_HEADER + data.len() * 4;
        let mut bytes = Vec::new();
        bytes.extend(((NETLINK_HEADER + CONNECTOR_HEADER + body) as u32).to_ne_bytes());
        bytes.extend(NLMSG_DONE.to_ne_bytes());
        bytes.extend([0; 10]);
        for word in [CN_IDX_PROC, CN_VAL_PROC, sequence, 0] {
            bytes.extend(word.to_ne_bytes());
        }
        bytes.extend((body as u16).to_ne_bytes());
        bytes.extend([0; 2]);
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(cpu.to_ne_bytes());
        bytes.extend(time.to_ne_bytes());
        for word in data {
            bytes.extend(word.to_ne_bytes());
        }
        bytes
    }

    fn one(kind: u32, data: &[u32]) -> What {
        let messages = parse(&bytes(7, 1, 5_000_000_000, kind, data));
        assert_eq!(messages.len(), 1);
        assert_eq!((messages[0].sequence, messages[0].cpu), (7, 1));
        assert_eq!(messages[0].time, 5_000_000_000);
        messages[0].what
    }

    #[test]
    fn every_kind_is_read() {
        let fork = What::Fork {
            parent: 11,
            thread: 20,
            pid: 21,
        };
        assert_eq!(one(1, &[10, 11, 20, 21]), fork);
        assert_eq!(one(2, &[30, 31]), What::Exec { pid: 31 });
        let user = What::User {
            thread: 40,
            pid: 41,
            uid: 1000,
            euid: 0,
        };
        assert_eq!(one(4, &[40, 41, 1000, 0]), user);
        let exit = What::Exit {
            thread: 50,
            pid: 51,
            status: 139,
        };
        assert_eq!(one(0x8000_0000, &[50, 51, 139, 17, 1, 1]), exit);
        let answer = What::Acknowledged {
            request: u32::MAX,
            error: 1,
        };
        assert_eq!(one(0, &[1]), answer);
        assert_eq!(one(0x200, &[1, 1, 0, 0, 0, 0]), What::Other);
    }

    #[test]
    fn what_is_cut_off_or_of_others_is_left_out() {
        let whole = bytes(7, 1, 5, 1, &[10, 11, 20, 21]);
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), [], "{length} bytes");
        }
        let mut two = whole.clone();
        two.extend(&whole);
        assert_eq!(parse(&two).len(), 2);
        two.truncate(two.len() - 1);
        assert_eq!(parse(&two).len(), 1);
        for (at, value) in [(0, 8), (16, 9), (20, 9), (32, 200), (36, 9)] {
            let mut changed = whole.clone();
            changed[at] = value;
            let parsed = parse(&changed);
            assert!(
                parsed.iter().all(|message| message.what == What::Other),
                "{at}: {parsed:?}"
            );
        }
    }

    #[test]
    fn garbage_never_panics() {
        // SplitMix64 over lengths and bytes; some begin like a real message.
        let mut rng = watchpost_kit::Rng::new(1);
        let whole = bytes(7, 1, 5, 0x8000_0000, &[1, 2, 3, 4, 5, 6]);
        for round in 0..50_000_u32 {
            let mut data = if round % 2 == 0 { whole.clone() } else { Vec::new() };
            data.extend((0..rng.below(64)).map(|_| rng.next_u64() as u8));
            for _ in 0..rng.below(4) {
                let at = rng.below(data.len() as u64) as usize;
                if let Some(byte) = data.get_mut(at) {
                    *byte = rng.next_u64() as u8;
                }
            }
            let mut sequences = Sequences::default();
            for message in parse(&data) {
                sequences.missing_before(&message);
            }
        }
    }

    #[test]
    fn missing_numbers_are_counted_per_processor() {
        let mut sequences = Sequences::default();
        let mut missing = |cpu, sequence| {
            let message = Message {
                sequence,
                cpu,
                time: 0,
                what: What::Other,
            };
            sequences.missing_before(&message)
        };
        assert_eq!(missing(0, 1000), 0);
        assert_eq!(missing(1, 5), 0);
        assert_eq!(missing(0, 1001), 0);
        assert_eq!(missing(0, 1005), 3);
        assert_eq!(missing(1, 7), 1);
        assert_eq!(missing(0, 1006), 0);
        assert_eq!(missing(2, u32::MAX), 0);
        assert_eq!(missing(2, 1), 1);
        assert_eq!(missing(NO_CPU, 900), 0);
        assert_eq!(missing(0, 3), 0, "a number that comes late is no loss");
    }
}
