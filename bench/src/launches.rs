//! Process starts as agents tell them, for measuring rules: Linux and Windows in turn, a few programs, every command
//! line another, nothing that a rule should find. Events without a log source cost rules nothing, so the corpus of lines
//! would measure nothing.

use anyhow::Result;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};

use crate::random::Random;

/// Events of one batch.
const BATCH: u64 = 2_000;

/// A program, what it is started with, and what starts it: as on a machine where nobody does anything unusual.
struct Launch {
    executable: &'static str,
    command: &'static str,
    parent: &'static str,
}

const fn launch(executable: &'static str, command: &'static str, parent: &'static str) -> Launch {
    Launch {
        executable,
        command,
        parent,
    }
}

const LINUX: &[Launch] = &[
    launch("/usr/bin/bash", "bash -c /srv/app/step-", "/usr/sbin/cron"),
    launch(
        "/usr/bin/python3.11",
        "python3 /srv/app/job.py --id ",
        "/usr/lib/systemd/systemd",
    ),
    launch("/usr/bin/git", "git fetch origin refs/heads/topic-", "/usr/bin/bash"),
    launch("/usr/sbin/cron", "/usr/sbin/cron -f -P ", "/usr/lib/systemd/systemd"),
    launch("/usr/bin/sort", "sort --parallel 2 /srv/data/part-", "/usr/bin/bash"),
    launch("/usr/bin/gzip", "gzip -9 /srv/data/part-", "/usr/bin/bash"),
    launch("/usr/bin/du", "du -s /var/cache/app/item-", "/usr/bin/bash"),
    launch(
        "/opt/app/bin/worker",
        "/opt/app/bin/worker --queue mail --shard ",
        "/usr/lib/systemd/systemd",
    ),
    launch("/usr/bin/sleep", "sleep 0.", "/usr/bin/bash"),
];

const WINDOWS: &[Launch] = &[
    launch(
        "C:\\Windows\\System32\\svchost.exe",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule ",
        "C:\\Windows\\System32\\services.exe",
    ),
    launch(
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
        "\"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe\" --type=renderer --client-id=",
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ),
    launch(
        "C:\\Windows\\System32\\conhost.exe",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1 ",
        "C:\\Program Files\\App\\worker.exe",
    ),
    launch(
        "C:\\Program Files\\App\\worker.exe",
        "\"C:\\Program Files\\App\\worker.exe\" --queue mail --shard ",
        "C:\\Windows\\System32\\services.exe",
    ),
    launch(
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
        "\"C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE\" \"C:\\Users\\anna\\Documents\\plan ",
        "C:\\Windows\\explorer.exe",
    ),
    launch(
        "C:\\Windows\\System32\\notepad.exe",
        "\"C:\\Windows\\system32\\notepad.exe\" C:\\Users\\anna\\Documents\\note ",
        "C:\\Windows\\explorer.exe",
    ),
    launch(
        "C:\\Windows\\System32\\SearchProtocolHost.exe",
        "\"C:\\Windows\\system32\\SearchProtocolHost.exe\" Global\\UsGthrFltPipeMssGthrPipe",
        "C:\\Windows\\System32\\SearchIndexer.exe",
    ),
];

/// Bodies of native batches: `records` events of one stream, in order.
pub(crate) fn bodies(seed: u64, records: u64) -> Result<Vec<Vec<u8>>> {
    let mut random = Random::new(seed);
    let mut bodies = Vec::new();
    let mut position = 0;
    while position < records {
        let id = StreamId::new("process")?;
        let mut batch = BatchBuilder::new(AgentId::new("bench")?, id, Epoch(1), position);
        let end = (position + BATCH).min(records);
        for at in position..end {
            batch.push(&start(&mut random, at + 1));
        }
        batch.count_read(end - position, 0);
        bodies.push(batch.finish(end)?);
        position = end;
    }
    Ok(bodies)
}

fn start(random: &mut Random, position: u64) -> Event {
    let (product, list, user) = if position.is_multiple_of(2) {
        ("linux", LINUX, "app")
    } else {
        ("windows", WINDOWS, "DESK-7\\anna")
    };
    let Launch {
        executable,
        command,
        parent,
    } = list[random.below(list.len() as u64) as usize];
    let name = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    let command_line = format!("{command}{}", random.below(1_000_000));
    let time = 1_780_000_000_000_000_000 + position as i64 * 1_000_000;
    let message = format!("{user} started {command_line}");
    Event::new(Timestamp(time), position, message.as_str())
        .with("event.kind", "event")
        .with("event.category", vec!["process".to_owned()])
        .with("event.type", vec!["start".to_owned()])
        .with("event.action", "process-started")
        .with("process.name", name(executable))
        .with("process.executable", executable)
        .with("process.command_line", command_line)
        .with("process.pid", 1_000 + random.below(60_000))
        .with(
            "process.working_directory",
            if product == "linux" {
                "/srv/app/"
            } else {
                "C:\\Users\\anna\\"
            },
        )
        .with("process.parent.name", name(parent))
        .with("process.parent.executable", parent)
        .with("user.name", user)
        .with("watchpost.logsource.product", product)
        .with("watchpost.logsource.category", "process_creation")
}
