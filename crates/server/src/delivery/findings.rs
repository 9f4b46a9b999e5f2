//! What is not as it should be, in words: what happened and what to do. The one place where these sentences are made;
//! the command line and the page show them.

use std::collections::BTreeMap;

use watchpost_event::protocol::{
    DeliveryHost, DeliveryReport, DeliveryStream, DeliveryVerdict, Finding, FindingKind, HostDelivery, ReaderLag, Tone,
};
use watchpost_event::{AgentId, Skip, Timestamp};
use watchpost_kit::{ByteSize, DurationText};

use super::double::Double;
use super::reasons::{is_configured, remedy, words};
use super::report::age;
use super::watch::WatchState;

/// Findings of one report.
const FINDINGS_MAX: usize = 100;
/// Records that wait so long are worth a word.
const LAGGING_SECONDS: u64 = 60;
/// A reader that is so far behind is worth a word, however fast it is.
const BEHIND_BYTES: u64 = 64_000_000;
/// For so long the report speaks of a time without watching.
const UNWATCHED_SECONDS: u64 = 7 * 86_400;

/// Adds the findings, the worst first, and the verdict.
pub(super) fn add(
    report: &mut DeliveryReport,
    full: Option<&str>,
    watch: &WatchState,
    doubles: &BTreeMap<&AgentId, Double>,
) {
    let hosts: BTreeMap<_, _> = report.hosts.iter().map(|host| (&host.agent, called(host))).collect();
    let mut found: Vec<Finding> = report.damage.iter().map(|what| damage(what)).collect();
    found.extend(full.map(server_full));
    found.extend(report.readers.iter().filter_map(|reader| of_reader(reader, report)));
    for host in &report.hosts {
        let mut of_host = Vec::new();
        add_host(&mut of_host, host, report, watch);
        of_host.extend(doubles.get(&host.agent).map(|double| double.finding(&host.agent)));
        for finding in &mut of_host {
            finding.agent = Some(host.agent.clone());
            finding.host = Some(called(host).to_owned());
        }
        found.append(&mut of_host);
    }
    for stream in &report.streams {
        let mut of_stream = Vec::new();
        let named = hosts.get(&stream.agent).copied().unwrap_or(stream.agent.as_str());
        add_losses(&mut of_stream, stream, named);
        add_remarks(&mut of_stream, stream, named, report.at);
        for finding in &mut of_stream {
            finding.agent = Some(stream.agent.clone());
            finding.host = Some(named.to_owned());
            finding.stream = Some(stream.stream.clone());
        }
        found.append(&mut of_stream);
    }
    found.sort_by_key(|finding| (finding.tone, finding.kind));
    report.verdict = verdict(report, &found);
    report.findings_left_out = found.len().saturating_sub(FINDINGS_MAX) as u64;
    found.truncate(FINDINGS_MAX);
    report.findings = found;
}

/// The host's name, or the agent's id where that is not known.
fn called(host: &DeliveryHost) -> &str {
    host.host.as_deref().unwrap_or(host.agent.as_str())
}

fn verdict(report: &DeliveryReport, found: &[Finding]) -> DeliveryVerdict {
    let is = |kinds: &[FindingKind]| found.iter().any(|finding| kinds.contains(&finding.kind));
    if is(&[
        FindingKind::Damage,
        FindingKind::Gap,
        FindingKind::Rejected,
        FindingKind::Faults,
    ]) {
        return DeliveryVerdict::Lost;
    }
    if is(&[FindingKind::HostSilent, FindingKind::StreamSilent]) {
        return DeliveryVerdict::Silent;
    }
    if found.iter().any(|finding| finding.tone == Tone::Warn) {
        return DeliveryVerdict::Behind;
    }
    if report.streams.iter().any(|stream| !stream.lag.is_none()) {
        return DeliveryVerdict::Arriving;
    }
    if report.streams.is_empty() {
        return DeliveryVerdict::None;
    }
    DeliveryVerdict::Whole
}

fn damage(what: &str) -> Finding {
    let remedy = "What was damaged is set aside and everything else goes on: check disk and file system, then look \
                  through what is stored.";
    Finding {
        command: Some("watchpost store verify".to_owned()),
        detail: Some(what.to_owned()),
        ..Finding::new(FindingKind::Damage, Tone::Bad, format!("Damage: {what}."), remedy)
    }
}

fn server_full(why: &str) -> Finding {
    let remedy = "Nothing is lost, agents wait: make room on the server's disk, shorten store.retention, or help the \
                  reader that is named.";
    Finding {
        detail: Some(why.to_owned()),
        ..Finding::new(
            FindingKind::ServerFull,
            Tone::Warn,
            format!("The server takes nothing in: {why}."),
            remedy,
        )
    }
}

fn of_reader(reader: &ReaderLag, report: &DeliveryReport) -> Option<Finding> {
    let name = &reader.reader;
    if let Some(error) = &reader.error {
        let remedy = "Nothing is lost, its work waits in the ledger: remove the cause, often a full disk; it goes on by \
                      itself.";
        return Some(Finding {
            name: Some(name.clone()),
            detail: Some(error.clone()),
            ..Finding::new(
                FindingKind::ReaderStopped,
                Tone::Warn,
                format!("The reader {name} stands still: {error}."),
                remedy,
            )
        });
    }
    let seconds = reader.oldest.map_or(0, |oldest| age(oldest, report.at));
    if seconds < LAGGING_SECONDS && reader.behind_bytes < BEHIND_BYTES {
        return None;
    }
    let size = ByteSize(reader.behind_bytes);
    Some(Finding {
        name: Some(name.clone()),
        bytes: reader.behind_bytes,
        seconds,
        ..Finding::new(
            FindingKind::ReaderBehind,
            Tone::Warn,
            format!("The reader {name} has {size} before it."),
            "It catches up by itself; more than a few minutes mean that disk or processor are too slow.",
        )
    })
}

fn add_host(found: &mut Vec<Finding>, host: &DeliveryHost, report: &DeliveryReport, watch: &WatchState) {
    let named = called(host);
    if host.state == HostDelivery::Silent {
        found.push(silent_host(host, named, report, watch));
        return;
    }
    if let Some(full) = host.spool.as_ref().and_then(|spool| spool.full.as_ref()) {
        let remedy = "Files and the journal wait where they are, sockets lose what comes: let the server take more in, \
                      raise spool.max_bytes, or make room on the agent's disk.";
        found.push(Finding {
            detail: Some(full.clone()),
            bytes: host.spool.as_ref().map_or(0, |spool| spool.bytes),
            ..Finding::new(
                FindingKind::SpoolFull,
                Tone::Warn,
                format!("The spool of {named} takes nothing more: {full}."),
                remedy,
            )
        });
    }
    if let Some(trouble) = &host.trouble {
        found.push(Finding {
            detail: Some(trouble.clone()),
            ..Finding::new(
                FindingKind::AgentTrouble,
                Tone::Warn,
                format!("The agent of {named} cannot deliver: {trouble}."),
                "What it reads waits in its spool; it tries again by itself.",
            )
        });
    }
    if host.lag.seconds >= LAGGING_SECONDS {
        let (records, seconds) = (host.lag.records, host.lag.seconds);
        found.push(Finding {
            count: records,
            seconds,
            ..Finding::new(
                FindingKind::Lagging,
                Tone::Warn,
                format!(
                    "{} of {named} not stored yet, the oldest for {}.",
                    many(records, "record"),
                    span(seconds)
                ),
                "Nothing is lost; what keeps it up stands in this list, or the way to the server is too slow.",
            )
        });
    }
    for source in host.sources.iter().filter(|source| source.trouble.is_some()) {
        let trouble = source.trouble.clone().unwrap_or_default();
        found.push(Finding {
            name: Some(source.name.clone()),
            detail: Some(trouble.clone()),
            since: source.trouble_at,
            ..Finding::new(
                FindingKind::SourceTrouble,
                Tone::Note,
                format!("The source {} of {named} says: {trouble}.", source.name),
                "Do what it says, or leave it: this is told for a day.",
            )
        });
    }
}

fn silent_host(host: &DeliveryHost, named: &str, report: &DeliveryReport, watch: &WatchState) -> Finding {
    let watched = watch.host(&host.agent);
    let stopped = watched.is_some_and(|watched| watched.stopped);
    let seconds = host.heard.map_or(0, |heard| age(heard, report.at));
    let (what, remedy) = if stopped {
        let what = format!("{named} is silent for {}: its agent was told to stop.", span(seconds));
        (what, "Start the agent again; what was written meanwhile is read then.")
    } else {
        (
            format!("{named} is silent for {}: no word from its agent.", span(seconds)),
            "See whether the host runs and reaches the server, and what its agent's log says; what files hold is read \
             when it is back.",
        )
    };
    Finding {
        since: host.heard,
        seconds,
        detail: stopped.then(|| "stopped".to_owned()),
        ..Finding::new(FindingKind::HostSilent, Tone::Bad, what, remedy)
    }
}

/// What is missing, or did not come as it should.
fn add_losses(found: &mut Vec<Finding>, stream: &DeliveryStream, named: &str) {
    let name = &stream.stream;
    let mut gaps: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for skip in stream.skips.iter().filter(|skip| Skip::is_gap(skip)) {
        let sum = gaps.entry(&skip.reason).or_default();
        sum.0 += 1;
        sum.1 += skip.records;
    }
    let listed: u64 = gaps.values().map(|(count, _)| count).sum();
    if stream.gaps > listed {
        gaps.entry("").or_default().0 += stream.gaps - listed;
    }
    for (reason, (count, records)) in gaps {
        let known = if records > 0 {
            format!(", {}", many(records, "record"))
        } else {
            String::new()
        };
        found.push(Finding {
            detail: Some(reason.to_owned()),
            count,
            records,
            ..Finding::new(
                FindingKind::Gap,
                Tone::Bad,
                format!("{} in {name} of {named}{known}: {}.", many(count, "gap"), words(reason)),
                remedy(reason),
            )
        });
    }
    if stream.rejected > 0 {
        found.push(Finding {
            count: stream.rejected,
            command: Some("watchpost version".to_owned()),
            ..Finding::new(
                FindingKind::Rejected,
                Tone::Bad,
                format!(
                    "{} in {name} of {named} could not be read.",
                    many(stream.rejected, "event")
                ),
                "The agent may be newer than the server: compare their versions.",
            )
        });
    }
    for (reason, count) in stream.dropped.iter().filter(|(reason, _)| !is_configured(reason)) {
        found.push(Finding {
            detail: Some(reason.clone()),
            count: *count,
            ..Finding::new(
                FindingKind::Faults,
                Tone::Bad,
                format!(
                    "{} of {name} of {named} left out: {}.",
                    many(*count, "record"),
                    words(reason)
                ),
                remedy(reason),
            )
        });
    }
}

/// What is not lost.
fn add_remarks(found: &mut Vec<Finding>, stream: &DeliveryStream, named: &str, at: Timestamp) {
    found.extend(silent_stream(stream, named, at));
    found.extend(unwatched(stream, named, at));
    found.extend(overlong(stream, named));
    found.extend(duplicates(stream, named));
}

fn silent_stream(stream: &DeliveryStream, named: &str, at: Timestamp) -> Option<Finding> {
    let since = stream.silent_since?;
    let seconds = age(since, at);
    let expected = stream.expected_seconds.unwrap_or(0);
    let (name, quiet, limit) = (&stream.stream, span(seconds), span(expected));
    Some(Finding {
        since: Some(since),
        seconds,
        count: expected,
        ..Finding::new(
            FindingKind::StreamSilent,
            Tone::Bad,
            format!("{name} of {named} is silent for {quiet}, longer than {limit}."),
            "See whether what writes it still runs; if the silence is right, say so under [[delivery.expect]].",
        )
    })
}

fn unwatched(stream: &DeliveryStream, named: &str, at: Timestamp) -> Option<Finding> {
    let time = stream.unwatched.last()?;
    let seconds = age(time.from, time.to);
    let (name, long, from) = (&stream.stream, span(seconds), short(time.from));
    (age(time.to, at) <= UNWATCHED_SECONDS).then(|| Finding {
        since: Some(time.from),
        seconds,
        count: stream.unwatched.len() as u64,
        ..Finding::new(
            FindingKind::Unwatched,
            Tone::Note,
            format!("Nobody watched {name} of {named} for {long}, from {from}."),
            "The agent did not run then; what happened in this time and left no trace is not known.",
        )
    })
}

fn overlong(stream: &DeliveryStream, named: &str) -> Option<Finding> {
    let (count, bytes) = (stream.overlong.records, stream.overlong.omitted);
    let (records, name, size) = (many(count, "record"), &stream.stream, ByteSize(bytes));
    (count > 0).then(|| Finding {
        count,
        bytes,
        ..Finding::new(
            FindingKind::Overlong,
            Tone::Note,
            format!(
                "{records} of {name} of {named} longer than the limit: first and last part are here, {size} between them \
                 are not."
            ),
            "Raise max_record of the source, or see what writes such records.",
        )
    })
}

fn duplicates(stream: &DeliveryStream, named: &str) -> Option<Finding> {
    let (sent, met) = (stream.duplicates, stream.duplicates_at_readers);
    let (records, name) = (many(sent + met, "record"), &stream.stream);
    let remedy = "Nothing is to be done: so it is after a connection broke or a program was killed. If it is so every day, \
                  look at the network.";
    (sent + met > 0).then(|| Finding {
        count: sent + met,
        records: sent,
        ..Finding::new(
            FindingKind::Duplicates,
            Tone::Note,
            format!(
                "{records} of {name} of {named} came twice, and one of each was removed: {sent} sent again by the agent, \
                 {met} met again by a reader."
            ),
            remedy,
        )
    })
}

pub(super) fn many(count: u64, what: &str) -> String {
    match (count, what) {
        (1, what) => format!("1 {what}"),
        (count, "batch") => format!("{count} batches"),
        (count, what) => format!("{count} {what}s"),
    }
}

fn span(seconds: u64) -> String {
    DurationText::from_secs(seconds).to_string()
}

/// A moment to the second.
pub(super) fn short(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..19).unwrap_or(&text).replace('T', " "))
}
