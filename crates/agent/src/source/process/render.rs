//! Records as events: ECS fields, and the line a person reads.

use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{Event, Fields, Timestamp, names};

use super::hash::Ticket;
use super::record::{Ended, From, Image, Process, Started};
use super::table::cut;
use super::users::Users;
use super::watch::WatchList;

/// A message shows so much of a command line, in bytes.
const SHOWN: usize = 512;

/// Turns records into events.
pub(super) struct Renderer {
    pub(super) users: Users,
    pub(super) watch: Arc<WatchList>,
    /// Wall clock minus time since boot, in nanoseconds.
    pub(super) wall: i64,
    pub(super) now: Timestamp,
}

impl Renderer {
    /// When something was, on the wall clock.
    pub(super) fn time(&self, at: i64) -> Timestamp {
        Timestamp(at.saturating_add(self.wall))
    }

    pub(super) fn started(&mut self, started: Started) -> Event {
        let process = &started.process;
        let what = match &started.command_line {
            Some(line) => line.as_str(),
            None => process.image.name.as_str(),
        };
        let parent = process.parent.as_ref();
        let from = parent
            .and_then(|parent| parent.image.as_ref())
            .map_or("", |image| &image.name);
        let from = if from.is_empty() {
            String::new()
        } else {
            format!(", from {}", one_line(from))
        };
        let message = format!(
            "{} started {} (pid {}{from})",
            self.who(process),
            one_line(what),
            process.pid
        );
        let mut event = Event::new(self.time(started.at), 0, message);
        let fields = &mut event.fields;
        fields.set(names::EVENT_ACTION, "process-started");
        fields.set(names::EVENT_TYPE, vec!["start"]);
        fields.set(names::LOGSOURCE_CATEGORY, "process_creation");
        self.identify(fields, process, started.from);
        if let Some(directory) = &process.image.working_directory {
            fields.set("process.working_directory", directory.as_str());
        }
        if let Some(sum) = started.hash.as_ref().and_then(Ticket::sum) {
            fields.set("process.hash.sha256", sum.to_string());
        }
        if let Some(launch) = started.launch {
            fields.set("watchpost.launch", launch);
        }
        if let Some(line) = process.parent.as_ref().and_then(|parent| parent.image.as_ref())
            && let Some(line) = &line.command_line
        {
            fields.set("process.parent.command_line", line.as_str());
        }
        match started.command_line {
            Some(line) => {
                fields.set("process.command_line", line);
                fields.set("process.args", started.args);
            }
            // It was gone before it could be asked; its name may be its parent's.
            None => fields.set("watchpost.incomplete", true),
        }
        event
    }

    pub(super) fn ended(&mut self, ended: &Ended) -> Event {
        let process = &ended.process;
        let crash = ended.is_crash();
        let signal = ended.status.map(|status| status & 0x7f).filter(|&signal| signal != 0);
        let code = ended.status.map(|status| match signal {
            Some(signal) => 128 + signal,
            None => (status >> 8) & 0xff,
        });
        let how = match (signal, code) {
            (Some(signal), _) if crash => format!("crashed: {}", signal_name(signal)),
            (Some(signal), _) => format!("was stopped by {}", signal_name(signal)),
            (None, Some(code)) => format!("ended with exit code {code}"),
            (None, None) => "ended".to_owned(),
        };
        let name = one_line(&process.image.name);
        let message = format!("{name} (pid {}, user {}) {how}", process.pid, self.who(process));
        let end = self.time(ended.at);
        let mut event = Event::new(end, 0, message);
        let fields = &mut event.fields;
        fields.set(names::LOGSOURCE_CATEGORY, "process_termination");
        if crash {
            fields.set(names::EVENT_ACTION, "process-crashed");
            fields.set(names::EVENT_TYPE, vec!["end", "error"]);
            fields.set(names::EVENT_OUTCOME, "failure");
            fields.set(names::LOG_LEVEL, "error");
        } else {
            fields.set(names::EVENT_ACTION, "process-stopped");
            fields.set(names::EVENT_TYPE, vec!["end"]);
        }
        self.identify(fields, process, ended.from);
        fields.set("process.end", end.to_string());
        fields.set("event.duration", ended.at.saturating_sub(process.born).max(0));
        if let Some(code) = code {
            fields.set("process.exit_code", code);
        }
        if let Some(signal) = signal {
            fields.set("process.signal", signal_name(signal));
        }
        event
    }

    /// The fields that say which process it is.
    fn identify(&mut self, fields: &mut Fields, process: &Process, from: From) {
        let image = &process.image;
        fields.set("process.pid", process.pid);
        fields.set("process.start", process.start.to_string());
        fields.set("watchpost.from", from.as_str());
        put_image(fields, image, "process.name", "process.executable");
        if let Some(title) = image.title.and_then(|title| self.watch.title(title)) {
            fields.set("process.title", title);
        }
        if let Some(parent) = &process.parent {
            fields.set("process.parent.pid", parent.pid);
            if let Some(image) = &parent.image {
                put_image(fields, image, "process.parent.name", "process.parent.executable");
            }
        }
        if let Some(uid) = process.uid {
            self.put_user(fields, uid, "user.id", "user.name");
        }
        if let Some(euid) = process.euid.filter(|&euid| Some(euid) != process.uid) {
            self.put_user(fields, euid, "user.effective.id", "user.effective.name");
        }
        if let Some(cgroup) = &image.cgroup {
            if let Some(unit) = &cgroup.unit {
                fields.set("systemd.unit", unit.as_str());
            }
            if let Some(container) = &cgroup.container {
                fields.set("container.id", container.as_str());
            }
        }
    }

    fn put_user(&mut self, fields: &mut Fields, uid: u32, id: &str, name: &str) {
        fields.set(id, uid.to_string());
        if let Some(known) = self.users.name(uid, self.now) {
            fields.set(name, known);
        }
    }

    fn who(&mut self, process: &Process) -> String {
        let Some(uid) = process.uid else {
            return "unknown".to_owned();
        };
        match self.users.name(uid, self.now) {
            Some(name) => name.to_owned(),
            None => uid.to_string(),
        }
    }
}

/// For the time in which nobody watched.
pub(super) fn not_watching(from: Timestamp, to: Timestamp) -> Event {
    let message = format!("processes were not watched from {from} to {to}");
    Event::new(to, 0, message)
        .with(names::EVENT_ACTION, "not-watching")
        .with(names::EVENT_TYPE, vec!["info"])
        .with("watchpost.not_watching.from", from.to_string())
        .with("watchpost.not_watching.to", to.to_string())
}

/// Fields that all events of the stream share.
pub(super) fn constants(product: &str) -> Fields {
    let mut fields = Fields::new();
    fields.set(names::EVENT_KIND, "event");
    fields.set(names::EVENT_CATEGORY, vec!["process"]);
    fields.set(names::LOGSOURCE_PRODUCT, product);
    fields
}

fn put_image(fields: &mut Fields, image: &Image, name: &str, executable: &str) {
    if !image.name.is_empty() {
        fields.set(name, image.name.as_str());
    }
    if let Some(path) = &image.executable {
        fields.set(executable, Value::from(path.as_str()));
    }
}

/// Without line ends and other control characters, and not endless.
fn one_line(text: &str) -> String {
    let shown = cut(text, SHOWN);
    let mut line: String = shown.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if shown.len() < text.len() {
        line.push('…');
    }
    line
}

/// As signal(7) names it on Linux.
pub(super) fn signal_name(signal: u32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ];
    let known = (signal as usize).checked_sub(1).and_then(|at| NAMES.get(at));
    known.map_or_else(|| format!("SIG{signal}"), |name| format!("SIG{name}"))
}
