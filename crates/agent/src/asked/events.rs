//! What is told of commands, as events.

use watchpost_event::commands::AgentCommand;
use watchpost_event::{Event, Timestamp, names};

use super::Job;
use super::upload::Leaving;
use crate::files::{FileKind, Looked, Trouble, Walked};
use watchpost_kit::chain;
use watchpost_lookup::{ServiceKind, Uploaded};

/// Longer reasons are cut, in bytes.
const REASON_BYTES: usize = 1000;

/// An event about a command: who asked for it, and its number, by which all of them are found.
fn of(job: &Job, action: &str, message: String, now: Timestamp) -> Event {
    Event::new(now, 0, message)
        .with(names::EVENT_KIND, "event")
        .with(names::EVENT_ACTION, action)
        .with("watchpost.command.id", job.id.to_string())
        .with("watchpost.command.name", job.command.to_string())
        .with("watchpost.command.by", job.by.as_str())
}

/// The same about a file, which goes where security events go.
fn of_file(job: &Job, action: &str, message: String, now: Timestamp) -> Event {
    of(job, action, message, now)
        .with(names::EVENT_CATEGORY, vec!["file"])
        .with(names::EVENT_TYPE, vec!["info"])
}

/// A file's hash.
pub(super) fn hashed(job: &Job, looked: &Looked, now: Timestamp) -> Event {
    let path = looked.path.to_string_lossy().into_owned();
    let message = format!(
        "{} has the sha256 {} ({}, {} bytes)",
        one_line(&path),
        looked.sha256,
        one_line(&looked.kind.words()),
        looked.size
    );
    let name = looked.path.file_name().map(|name| name.to_string_lossy().into_owned());
    let mut event = of_file(job, "file-hashed", message, now)
        .with("file.path", path)
        .with("file.size", looked.size)
        .with("file.hash.sha256", looked.sha256.to_string())
        .with("watchpost.file.type", looked.kind.name());
    let fields = &mut event.fields;
    if let Some(name) = name {
        fields.set("file.name", name);
    }
    if let Some(mode) = looked.mode {
        fields.set("file.mode", format!("{mode:04o}"));
    }
    if let FileKind::Script { interpreter } = &looked.kind {
        fields.set("watchpost.file.interpreter", interpreter.as_str());
    }
    event
}

/// A file without one.
pub(super) fn not_hashed(job: &Job, trouble: &Trouble, now: Timestamp) -> Event {
    let path = trouble.path.to_string_lossy().into_owned();
    let reason = cut(&chain(&trouble.reason));
    let mut event = of_file(
        job,
        "file-not-hashed",
        format!("{} was not hashed: {reason}", one_line(&path)),
        now,
    )
    .with(names::EVENT_OUTCOME, "failure")
    .with("file.path", path)
    .with("error.message", reason);
    if let Some(size) = trouble.size {
        event.fields.set("file.size", size);
    }
    event
}

/// A walk is over.
pub(super) fn all_hashed(job: &Job, walked: &Walked, complete: bool, now: Timestamp) -> Event {
    let failed = match walked.troubles {
        0 => String::new(),
        troubles => format!(", {troubles} could not be"),
    };
    let more = if walked.cut || !complete {
        "; there are more than are taken at once"
    } else {
        ""
    };
    let message = format!(
        "{}, asked for by {}: {} files with {} bytes were hashed{failed}{more}",
        one_line(&job.path),
        one_line(&job.by),
        walked.files,
        walked.bytes
    );
    of(job, "command-done", message, now)
        .with("watchpost.command.path", job.path.as_str())
        .with("watchpost.command.files", walked.files)
        .with("watchpost.command.bytes", walked.bytes)
        .with("watchpost.command.failed", walked.troubles)
        .with("watchpost.command.complete", complete && !walked.cut)
}

/// This agent does not do it.
pub(super) fn refused(job: &Job, reason: &str, now: Timestamp) -> Event {
    let message = format!(
        "{} of {} was refused, asked for by {}: {reason}",
        job.command,
        one_line(&job.path),
        one_line(&job.by)
    );
    let action = match job.command {
        AgentCommand::LookupUpload => "upload-refused",
        _ => "command-refused",
    };
    of_file(job, action, message, now)
        .with(names::EVENT_OUTCOME, "failure")
        .with("file.path", job.path.as_str())
        .with("error.message", cut(reason))
}

/// About a file that leaves: which, whose hash, and to whom.
fn of_upload(job: &Job, action: &str, leaving: &Leaving, said: &str, now: Timestamp) -> Event {
    let path = leaving.path.to_string_lossy().into_owned();
    let message = format!(
        "{} ({} bytes, sha256 {}) {said} {}, asked for by {}",
        one_line(&path),
        leaving.size,
        leaving.sum,
        leaving.service.title(),
        one_line(&job.by)
    );
    of_file(job, action, message, now)
        .with("file.path", path)
        .with("file.size", leaving.size)
        .with("file.hash.sha256", leaving.sum.to_string())
        .with("watchpost.upload.service", leaving.service.name())
}

/// A file is about to leave.
pub(super) fn upload_requested(job: &Job, leaving: &Leaving, now: Timestamp) -> Event {
    of_upload(job, "upload-requested", leaving, "is to be given to", now)
}

/// A service has taken a file.
pub(super) fn upload_done(job: &Job, leaving: &Leaving, uploaded: &Uploaded, now: Timestamp) -> Event {
    let event = of_upload(job, "upload-done", leaving, "was given to", now)
        .with(names::EVENT_OUTCOME, "success")
        .with("watchpost.upload.id", cut(&one_line(&uploaded.id)));
    match leaving.service {
        ServiceKind::VirusTotal => {
            let link = format!("https://www.virustotal.com/gui/file/{}", leaving.sum);
            event.with("watchpost.upload.link", link)
        }
        _ => event,
    }
}

/// It was sent, in part or whole, and the service has not taken it.
pub(super) fn upload_failed(job: &Job, leaving: &Leaving, reason: &str, now: Timestamp) -> Event {
    let mut event = of_upload(job, "upload-failed", leaving, "could not be given to", now)
        .with(names::EVENT_OUTCOME, "failure")
        .with("error.message", cut(reason));
    event.message = format!("{}: {}", event.message, cut(&one_line(reason)));
    event
}

/// Without control characters: a name moves nothing where it is shown.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn cut(text: &str) -> String {
    let end = (0..=REASON_BYTES.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text[..end.unwrap_or(0)].to_owned()
}
