//! Process starts as agents tell them, for measuring rules: Linux and Windows in turn, a few dozen programs, every
//! command line another. Events without a log source cost rules nothing, so the corpus of lines would measure nothing.

use anyhow::Result;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};

use crate::random::Random;

/// Events of one batch.
const BATCH: u64 = 2_000;

const LINUX: &[(&str, &str)] = &[
    ("/usr/bin/bash", "bash -c"),
    ("/usr/bin/python3.11", "python3 /srv/app/job.py --id"),
    ("/usr/bin/curl", "curl -sS https://intranet.example.org/api/v1/items/"),
    ("/usr/bin/git", "git fetch origin refs/heads/topic-"),
    ("/usr/sbin/cron", "/usr/sbin/cron -f -P"),
    ("/usr/bin/grep", "grep -rn needle /srv/data/part-"),
    ("/usr/bin/systemctl", "systemctl status worker@"),
    ("/usr/bin/find", "find /var/cache/app -name item-"),
    ("/opt/app/bin/worker", "/opt/app/bin/worker --queue mail --shard"),
    ("/usr/bin/cat", "cat /proc/"),
];

const WINDOWS: &[(&str, &str)] = &[
    (
        "C:\\Windows\\System32\\svchost.exe",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule ",
    ),
    (
        "C:\\Windows\\System32\\cmd.exe",
        "cmd.exe /c dir C:\\Users\\anna\\Documents\\",
    ),
    (
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "powershell.exe -File C:\\Scripts\\report.ps1 -Id ",
    ),
    (
        "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
        "chrome.exe --type=renderer --client-id=",
    ),
    (
        "C:\\Windows\\System32\\conhost.exe",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1 ",
    ),
    ("C:\\Windows\\explorer.exe", "C:\\Windows\\explorer.exe /factory,"),
    ("C:\\Windows\\System32\\tasklist.exe", "tasklist /fi \"pid eq "),
    ("C:\\Program Files\\7-Zip\\7z.exe", "7z.exe a C:\\Backup\\daily-"),
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
    let (executable, command) = list[random.below(list.len() as u64) as usize];
    let (parent, _) = list[random.below(list.len() as u64) as usize];
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
        .with("process.working_directory", "/srv/app")
        .with("process.parent.name", name(parent))
        .with("process.parent.executable", parent)
        .with("user.name", user)
        .with("watchpost.logsource.product", product)
        .with("watchpost.logsource.category", "process_creation")
}
