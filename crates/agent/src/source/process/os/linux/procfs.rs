//! What `/proc` says of a process (proc(5)): parsers, and a reader that uses its buffers again.

use std::fmt::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use rustix::fs::{Mode, OFlags, open, readlinkat};

use super::super::super::TICK;
use super::super::super::executables::Executables;
use super::super::super::hash::Ticket;
use super::super::super::record::Cgroup;
use super::super::super::table::{Found, Seen};
use super::held::hold;

/// The longest command line that is kept, in bytes.
const COMMAND_LINE: usize = 32 << 10;
/// The most arguments that are kept.
const ARGS: usize = 256;
/// `PF_KTHREAD` of the flags in `stat`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// `/proc/PID/stat`, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) comm: String,
    pub(super) state: u8,
    pub(super) parent: u32,
    pub(super) kernel: bool,
    pub(super) threads: u32,
    /// In clock ticks since boot, a hundred a second towards programs on every architecture that matters (`USER_HZ`).
    pub(super) start: u64,
    /// Differs after an exec; `None` when the kernel hides addresses from us.
    pub(super) print: Option<u64>,
}

impl Stat {
    /// Since boot, in nanoseconds.
    pub(super) fn born(&self) -> i64 {
        i64::try_from(self.start).unwrap_or(i64::MAX).saturating_mul(TICK)
    }
}

/// The name may hold spaces and parentheses: it ends at the last one.
pub(super) fn parse_stat(text: &[u8]) -> Option<Stat> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let comm = String::from_utf8_lossy(text.get(open + 1..close)?).into_owned();
    let rest = std::str::from_utf8(text.get(close + 1..)?).ok()?;
    // The first of these is field 3 of the manual page.
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let [code, stack, args] = [26, 28, 48].map(|field| number(field).unwrap_or(0));
    let visible = code > 1 && args != 0;
    Some(Stat {
        comm,
        state: *fields.first()?.as_bytes().first()?,
        parent: u32::try_from(number(4)?).ok()?,
        kernel: number(9)? & KERNEL_THREAD != 0,
        threads: u32::try_from(number(20)?).ok()?,
        start: number(22)?,
        print: visible.then(|| code.rotate_left(32) ^ stack.rotate_left(16) ^ args),
    })
}

/// Real and effective user id from `/proc/PID/status`.
pub(super) fn parse_uids(text: &[u8]) -> Option<(u32, u32)> {
    let text = String::from_utf8_lossy(text);
    let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let mut ids = line.split_ascii_whitespace().map(str::parse);
    Some((ids.next()?.ok()?, ids.next()?.ok()?))
}

/// `/proc/PID/cgroup`: the system unit and the container a process belongs to.
pub(super) fn parse_cgroup(raw: &[u8]) -> Cgroup {
    let text = String::from_utf8_lossy(raw);
    let paths = || text.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let systemd = text.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (hierarchy, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        (controllers == "name=systemd" || (hierarchy == "0" && path != "/")).then_some(path)
    });
    Cgroup {
        unit: systemd.and_then(unit_of),
        container: paths().find_map(container_of),
        raw: raw.to_vec(),
    }
}

/// The first part of the path that is a unit and no slice, as systemd itself finds it.
fn unit_of(path: &str) -> Option<String> {
    const KINDS: [&str; 6] = [".service", ".scope", ".socket", ".mount", ".swap", ".timer"];
    let part = path
        .split('/')
        .find(|part| KINDS.iter().any(|kind| part.len() > kind.len() && part.ends_with(kind)))?;
    // A leading underscore keeps names apart from the kernel's own.
    Some(part.strip_prefix('_').unwrap_or(part).to_owned())
}

/// 64 hexadecimal digits: Docker, containerd, CRI-O and Podman agree on that.
fn container_of(path: &str) -> Option<String> {
    const DIGITS: usize = 64;
    let is_id = |word: &&str| word.len() == DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let word = path
        .rsplit('/')
        .find_map(|part| part.split(['-', '.', ':']).find(is_id))?;
    Some(word.to_owned())
}

/// Arguments from `/proc/PID/cmdline`, and as one line. `None` when there are none: a zombie, a kernel thread.
pub(super) fn parse_command_line(bytes: &[u8], fresh: bool) -> Option<(Vec<String>, String)> {
    let ended = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    // A process that gave itself a title leaves the rest of its old arguments empty.
    let end = ended.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    let bytes = if fresh { ended } else { &ended[..end] };
    if bytes.is_empty() {
        return None;
    }
    let mut args = Vec::new();
    let mut line = String::with_capacity(bytes.len() + 16);
    for arg in bytes.split(|&byte| byte == 0) {
        let arg = String::from_utf8_lossy(arg);
        if !args.is_empty() {
            line.push(' ');
        }
        quote(&mut line, &arg);
        if args.len() < ARGS {
            args.push(arg.into_owned());
        }
    }
    Some((args, line))
}

/// As a shell would need it, where two arguments could not be told from one otherwise.
fn quote(line: &mut String, arg: &str) {
    let plain =
        !arg.is_empty() && !arg.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '\'' | '"'));
    if plain {
        line.push_str(arg);
        return;
    }
    line.push('\'');
    for c in arg.chars() {
        if c == '\'' {
            line.push_str("'\\''");
        } else {
            line.push(c);
        }
    }
    line.push('\'');
}

/// Reads `/proc`.
pub(super) struct ProcReader {
    path: String,
    buffer: Vec<u8>,
    link: Vec<u8>,
    /// The cgroup read last: mostly the next is the same.
    cgroup: Arc<Cgroup>,
    /// `None`: nothing is hashed.
    executables: Option<Executables>,
}

impl ProcReader {
    pub(super) fn new(executables: Option<Executables>) -> Self {
        Self {
            path: String::new(),
            buffer: vec![0; COMMAND_LINE],
            link: Vec::new(),
            cgroup: Arc::default(),
            executables,
        }
    }

    /// What a process runs. `fresh`: it has just begun to; then it is hashed, too.
    pub(super) fn see(&mut self, pid: u32, fresh: bool) -> Seen {
        // In the order in which it matters, since it may end between any two.
        let line = self.read(pid, "cmdline").map(|length| &self.buffer[..length]);
        let (args, command_line) = match line.and_then(|line| parse_command_line(line, fresh)) {
            Some((args, line)) => (args, Some(line)),
            None => (Vec::new(), None),
        };
        let (executable, hash) = self.executable(pid, fresh);
        let comm = self.read(pid, "comm").map(|length| {
            let comm = &self.buffer[..length];
            String::from_utf8_lossy(comm.strip_suffix(b"\n").unwrap_or(comm)).into_owned()
        });
        Seen {
            working_directory: self.read_link(pid, "cwd"),
            cgroup: self.cgroup(pid),
            comm,
            executable,
            args,
            command_line,
            hash,
        }
    }

    /// Path and hash of what a process runs, both of the same file even where it becomes another program meanwhile.
    fn executable(&mut self, pid: u32, hash: bool) -> (Option<String>, Option<Ticket>) {
        let held = match &self.executables {
            Some(_) if hash => hold(self.place(pid, "exe")),
            _ => None,
        };
        let path = match &held {
            Some(file) => {
                let link = format!("/proc/self/fd/{}", file.as_raw_fd());
                self.link_at(&link)
            }
            None => self.read_link(pid, "exe"),
        };
        let path = path.map(|path| match path.strip_suffix(" (deleted)") {
            Some(path) => path.to_owned(),
            None => path,
        });
        let ticket = held.and_then(|file| self.executables.as_ref()?.ask(file));
        (path, ticket)
    }

    /// The hash of what a process runs.
    pub(super) fn hash(&mut self, pid: u32) -> Option<Ticket> {
        self.executables.as_ref()?;
        let held = hold(self.place(pid, "exe"))?;
        self.executables.as_ref()?.ask(held)
    }

    /// Who a process is.
    pub(super) fn find(&mut self, pid: u32) -> Option<Found> {
        let stat = self.stat(pid)?;
        Some(self.found(pid, &stat))
    }

    pub(super) fn found(&mut self, pid: u32, stat: &Stat) -> Found {
        let ids = self
            .read(pid, "status")
            .and_then(|length| parse_uids(&self.buffer[..length]));
        Found {
            parent: stat.parent,
            user: ids.map(|ids| ids.0.to_string().into()),
            effective_user: ids.map(|ids| ids.1.to_string().into()),
            session: None,
            integrity: None,
            born: stat.born(),
            threads: stat.threads,
            kernel: stat.kernel,
            print: stat.print,
        }
    }

    pub(super) fn stat(&mut self, pid: u32) -> Option<Stat> {
        let length = self.read(pid, "stat")?;
        parse_stat(&self.buffer[..length])
    }

    fn cgroup(&mut self, pid: u32) -> Option<Arc<Cgroup>> {
        let length = self.read(pid, "cgroup")?;
        let raw = &self.buffer[..length];
        if self.cgroup.raw != raw {
            self.cgroup = Arc::new(parse_cgroup(raw));
        }
        Some(Arc::clone(&self.cgroup))
    }

    fn place(&mut self, pid: u32, name: &str) -> &str {
        self.path.clear();
        // Writing into a String cannot fail.
        let _ = write!(self.path, "/proc/{pid}/{name}");
        &self.path
    }

    /// A file's beginning into the buffer.
    fn read(&mut self, pid: u32, name: &str) -> Option<usize> {
        self.place(pid, name);
        let file = open(self.path.as_str(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        let mut filled = 0;
        while filled < self.buffer.len() {
            match rustix::io::read(&file, &mut self.buffer[filled..]) {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) if filled > 0 => break,
                Err(_) => return None,
            }
        }
        Some(filled)
    }

    fn read_link(&mut self, pid: u32, name: &str) -> Option<String> {
        self.place(pid, name);
        let path = std::mem::take(&mut self.path);
        let target = self.link_at(&path);
        self.path = path;
        target
    }

    fn link_at(&mut self, path: &str) -> Option<String> {
        let target = readlinkat(rustix::fs::CWD, path, std::mem::take(&mut self.link)).ok()?;
        let text = target.to_string_lossy().into_owned();
        self.link = target.into_bytes();
        Some(text)
    }
}

/// Everyone there is now.
pub(super) fn pids() -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// The number given last to a process or thread; it rises though nobody tells us when we are deaf.
pub(super) fn last_pid() -> Option<u32> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split_ascii_whitespace().last()?.parse().ok()
}

#[cfg(test)]
#[path = "procfs_tests.rs"]
mod tests;
