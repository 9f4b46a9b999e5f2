#![expect(clippy::unwrap_used, reason = "tests")]

use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Decoded};

use super::*;
use crate::source::{Produced, SinkFull};

const SECOND: i64 = 1_000_000_000;

/// Fixed, so that names, shape and units show.
fn example() -> SystemInformation {
    SystemInformation {
        hostname: "web-1".to_owned(),
        os: "Debian GNU/Linux 12".to_owned(),
        kernel: "6.1.0-18-amd64".to_owned(),
        architecture: "x86_64".to_owned(),
        cpu_info: CpuInfo {
            cores: 4,
            model_name: "Intel Xeon".to_owned(),
            usage_percent: 12.5,
        },
        memory_info: MemoryInfo {
            total: 16_777_216_000,
            available: 13_421_772_800,
            used: 3_355_443_200,
            usage_percent: 20.0,
        },
        disks: vec![DiskInfo {
            mount_point: "/".to_owned(),
            file_system: "ext4".to_owned(),
            total: 42_949_672_960,
            available: 19_327_352_832,
            usage_percent: 54.0,
        }],
        network: vec![NetworkInfo {
            interface: "eth0".to_owned(),
            addresses: vec!["192.0.2.7".to_owned(), "2001:db8::7".to_owned()],
            received: 1_000,
            transmitted: 2_000,
        }],
        load_average: [0.42, 0.25, 0.1],
        uptime: 86_400,
        timestamp: "2026-11-20T22:41:07.123456789Z".parse().unwrap(),
    }
}

#[test]
fn the_object_has_the_shape_others_read() {
    let expected = serde_json::json!({
        "hostname": "web-1",
        "os": "Debian GNU/Linux 12",
        "kernel": "6.1.0-18-amd64",
        "architecture": "x86_64",
        "cpu_info": {"cores": 4, "model_name": "Intel Xeon", "usage_percent": 12.5},
        "memory_info": {
            "total": 16_777_216_000_u64,
            "available": 13_421_772_800_u64,
            "used": 3_355_443_200_u64,
            "usage_percent": 20.0,
        },
        "disks": [{
            "mount_point": "/",
            "file_system": "ext4",
            "total": 42_949_672_960_u64,
            "available": 19_327_352_832_u64,
            "usage_percent": 54.0,
        }],
        "network": [{
            "interface": "eth0",
            "addresses": ["192.0.2.7", "2001:db8::7"],
            "received": 1000,
            "transmitted": 2000,
        }],
        "load_average": [0.42, 0.25, 0.1],
        "uptime": 86400,
        "timestamp": "2026-11-20T22:41:07.123456789Z",
    });
    assert_eq!(serde_json::to_value(example()).unwrap(), expected);
    assert_eq!(
        serde_json::from_value::<SystemInformation>(expected).unwrap(),
        example()
    );
}

#[test]
fn the_event_holds_the_object_and_says_it_in_a_line() {
    let event = information_event(&example());
    assert!(
        event.message.starts_with("web-1: Debian GNU/Linux 12, "),
        "{}",
        event.message
    );
    assert!(
        event
            .message
            .ends_with(" 6.1.0-18-amd64, 4 × Intel Xeon, 15.6 GiB memory"),
        "{}",
        event.message
    );
    let get = |name: &str| event.fields.get(name).cloned().unwrap();
    assert_eq!(get("event.category"), serde_json::json!(["host"]));
    assert_eq!(get("event.action"), "system-information");
    assert_eq!(get("watchpost.system_information.cpu_info.usage_percent"), 12.5);
    assert_eq!(get("watchpost.system_information.disks.mount_point"), "/");
    assert_eq!(get("host.os.kernel"), "6.1.0-18-amd64");
}

#[test]
fn only_what_lasts_makes_another_host() {
    let told = example();
    let mut same = example();
    same.cpu_info.usage_percent = 99.0;
    same.memory_info.used += 1;
    same.disks[0].available -= 1;
    same.network[0].received += 1;
    same.network[0].addresses[1] = "2001:db8::8".to_owned();
    same.network.push(NetworkInfo {
        interface: "veth12ab".to_owned(),
        addresses: Vec::new(),
        received: 0,
        transmitted: 0,
    });
    same.uptime += 60;
    assert!(told.is_same_host(&same));

    let changes: [fn(&mut SystemInformation); 5] = [
        |of| of.kernel.push('1'),
        |of| of.memory_info.total += 1,
        |of| of.disks[0].total += 1,
        |of| of.disks.clear(),
        |of| of.network[0].addresses[0] = "192.0.2.8".to_owned(),
    ];
    for change in changes {
        let mut other = example();
        change(&mut other);
        assert!(!told.is_same_host(&other), "{other:?}");
    }
}

#[test]
fn this_host_can_be_measured() {
    let now: Timestamp = "2026-11-20T22:41:07Z".parse().unwrap();
    let found = gather("here", now);
    assert_eq!((found.hostname.as_str(), found.timestamp), ("here", now));
    assert!(!found.os.is_empty() && !found.kernel.is_empty() && !found.architecture.is_empty());
    assert!(found.cpu_info.cores > 0);
    assert!((0.0..=100.0).contains(&found.cpu_info.usage_percent));
    let memory = &found.memory_info;
    assert!(memory.total > 0);
    assert_eq!(memory.used + memory.available, memory.total);
    assert!(
        found.disks.iter().all(|disk| disk.total >= disk.available),
        "{:?}",
        found.disks
    );
    assert!(found.network.iter().all(|at| at.interface != "lo"));
    assert!(found.uptime > 0);
}

#[derive(Default)]
struct Taken {
    events: Vec<Event>,
    checkpoint: Option<(StreamKey, Value)>,
    full: bool,
}

impl Sink for Taken {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        if self.full {
            return Err(SinkFull);
        }
        let decoded = Decoded::from_bytes(&produced.batch, Limits::default()).unwrap();
        self.events.extend(decoded.events);
        self.checkpoint = Some((produced.key.clone(), produced.checkpoint.clone()));
        Ok(())
    }
}

fn source(known: &[(StreamKey, Value)]) -> SystemSource {
    let settings = SystemSection::default().resolve().unwrap().unwrap();
    let identity = Identity {
        agent: AgentId::new("web-1").unwrap(),
        fields: [("host.name", Value::from("web-1"))].into_iter().collect(),
    };
    let policy = SendPolicy {
        interval: Duration::ZERO,
        ..SendPolicy::default()
    };
    SystemSource::new(&settings, &identity, policy, known, || 7).unwrap()
}

fn actions(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event.fields.text("event.action").unwrap())
        .collect()
}

#[test]
fn tells_what_the_host_is_once_and_how_it_fares_at_every_interval() {
    let mut sink = Taken::default();
    let mut source = source(&[]);
    let start = 1_000 * SECOND;
    let activity = source.poll(Timestamp(start), &mut sink).unwrap();
    assert_eq!(actions(&sink.events), ["system-information"]);
    assert_eq!(activity.next, Timestamp(start + SECOND));

    sink.events.clear();
    source.poll(Timestamp(start + SECOND / 2), &mut sink).unwrap();
    assert!(sink.events.is_empty());
    let activity = source.poll(Timestamp(start + SECOND), &mut sink).unwrap();
    assert_eq!(activity.next, Timestamp(start + 61 * SECOND));
    let first = &sink.events[0];
    assert!(first.message.starts_with("cpu "), "{}", first.message);
    assert_eq!(first.fields.text("event.kind"), Some("metric"));
    let usage = first.fields.get("host.cpu.usage").and_then(Value::as_f64).unwrap();
    assert!((0.0..=1.0).contains(&usage));
    for name in [
        "system.memory.total",
        "system.memory.used.bytes",
        "system.memory.used.pct",
        "system.memory.actual.free",
        "system.load.1",
        "system.load.5",
        "system.load.15",
        "host.uptime",
    ] {
        assert!(first.fields.get(name).is_some_and(Value::is_number), "{name}");
    }
    for disk in &sink.events[1..] {
        assert!(disk.fields.text("system.filesystem.mount_point").is_some());
        assert!(disk.fields.get("system.filesystem.used.pct").unwrap().as_f64().unwrap() <= 1.0);
    }

    // The clock is set back by a day: metrics go on at once.
    sink.events.clear();
    source.poll(Timestamp(start - 86_400 * SECOND), &mut sink).unwrap();
    assert_eq!(sink.events[0].fields.text("event.action"), Some("metrics"));
}

#[test]
fn positions_go_on_after_a_restart_and_wait_for_room() {
    let mut sink = Taken::default();
    source(&[]).poll(Timestamp(SECOND), &mut sink).unwrap();
    let known: Vec<_> = sink.checkpoint.clone().into_iter().collect();
    let mut again = source(&known);
    sink.full = true;
    assert!(again.poll(Timestamp(2 * SECOND), &mut sink).unwrap().blocked);
    assert_eq!(
        again.rewind(&known[0].0, 0, Timestamp(2 * SECOND)),
        Rewound::Gone { resumes_at: Some(1) }
    );
    sink.full = false;
    again.poll(Timestamp(3 * SECOND), &mut sink).unwrap();
    let positions: Vec<u64> = sink.events.iter().map(|event| event.position).collect();
    assert_eq!(positions[..2], [1, 2]);
}

#[test]
fn settings_are_checked() {
    let mut section = SystemSection {
        enabled: false,
        ..SystemSection::default()
    };
    assert!(section.resolve().unwrap().is_none());
    section.enabled = true;
    section.interval = DurationText::from_secs(0);
    assert!(section.resolve().is_err());
}
