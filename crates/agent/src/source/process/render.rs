//! Records as events: ECS fields, and the line a person reads.

use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{Event, Fields, Timestamp, names};

use super::hash::{Ticket, VersionInfo};
use super::os::Accounts;
use super::record::{Ended, Exit, From, Image, Process, Started, UserId};
use super::table::cut;
use super::watch::WatchList;

/// A message shows so much of a command line, in bytes.
const SHOWN: usize = 512;

/// Turns records into events.
pub(super) struct Renderer {
    pub(super) accounts: Accounts,
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
        if let Some(content) = started.hash.as_ref().and_then(Ticket::content) {
            fields.set("process.hash.sha256", content.sum.to_string());
            put_version(fields, content.version.as_ref());
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
        let how = match ended.exit {
            Some(Exit { by: Some(by), .. }) if crash => format!("crashed: {by}"),
            Some(Exit { by: Some(by), .. }) => format!("was stopped by {by}"),
            Some(Exit { code, .. }) => format!("ended with exit code {code}"),
            None => "ended".to_owned(),
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
        if let Some(exit) = ended.exit {
            fields.set("process.exit_code", exit.code);
        }
        if let Some(by) = ended.exit.and_then(|exit| exit.by) {
            fields.set("process.signal", by);
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
        if let Some(user) = &process.user {
            self.put_user(fields, user, "user.id", "user.name", "user.domain");
        }
        let effective = process.effective_user.as_ref();
        if let Some(user) = effective.filter(|&user| Some(user) != process.user.as_ref()) {
            let names = ["user.effective.id", "user.effective.name", "user.effective.domain"];
            self.put_user(fields, user, names[0], names[1], names[2]);
        }
        if let Some(session) = process.session {
            fields.set("session.id", session.to_string());
        }
        if let Some(integrity) = process.integrity {
            fields.set("process.integrity_level", integrity);
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

    fn put_user(&mut self, fields: &mut Fields, user: &UserId, id: &str, name: &str, domain: &str) {
        fields.set(id, &**user);
        if let Some(account) = self.accounts.find(user, self.now) {
            fields.set(name, account.name.as_str());
            if let Some(known) = &account.domain {
                fields.set(domain, known.as_str());
            }
        }
    }

    fn who(&mut self, process: &Process) -> String {
        let Some(user) = &process.user else {
            return "unknown".to_owned();
        };
        match self.accounts.find(user, self.now) {
            Some(account) => account.name.clone(),
            None => user.to_string(),
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

fn put_version(fields: &mut Fields, version: Option<&VersionInfo>) {
    let Some(version) = version else { return };
    let said = [
        ("process.pe.original_file_name", &version.original_file_name),
        ("process.pe.description", &version.description),
        ("process.pe.product", &version.product),
        ("process.pe.company", &version.company),
        ("process.pe.file_version", &version.file_version),
    ];
    for (name, text) in said {
        if let Some(text) = text {
            fields.set(name, text.as_str());
        }
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
