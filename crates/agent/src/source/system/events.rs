//! Measurements as events. Usages in metrics are parts of one, as ECS and the Elastic system module have them.

use serde_json::{Value, json};
use watchpost_event::{Event, Timestamp, names};

use super::information::{DiskInfo, SystemInformation};
use super::os::KERNEL;
use super::sampler::Sample;

/// What the host is.
pub(super) fn information_event(information: &SystemInformation) -> Event {
    let mut event = host_event(
        information.timestamp,
        "event",
        "system-information",
        describe(information),
    );
    let fields = &mut event.fields;
    fields.set("host.architecture", information.architecture.as_str());
    fields.set("host.os.full", information.os.as_str());
    fields.set("host.os.kernel", information.kernel.as_str());
    fields.set("host.uptime", information.uptime);
    let object = serde_json::to_value(information).unwrap_or(Value::Null);
    fields.merge("watchpost.system_information", object);
    event
}

/// `web-1: Debian GNU/Linux 12, Linux 6.1.0, 4 × Intel Xeon, 15.6 GiB memory`.
fn describe(information: &SystemInformation) -> String {
    let cpu = &information.cpu_info;
    let model = match cpu.model_name.as_str() {
        "" => information.architecture.as_str(),
        model => model,
    };
    format!(
        "{}: {}, {KERNEL} {}, {} × {model}, {} GiB memory",
        information.hostname,
        information.os,
        information.kernel,
        cpu.cores,
        gib(information.memory_info.total),
    )
}

/// How the host fares: one event, and one per file system.
pub(super) fn metrics_events(sample: &Sample, now: Timestamp) -> Vec<Event> {
    let mut event = host_event(now, "metric", "metrics", summary(sample));
    let memory = &sample.memory;
    let fields = &mut event.fields;
    fields.set("host.cpu.usage", part(sample.cpu.usage_percent));
    fields.set("host.uptime", sample.uptime);
    fields.set("system.memory.total", memory.total);
    fields.set("system.memory.used.bytes", memory.used);
    fields.set("system.memory.used.pct", part(memory.usage_percent));
    fields.set("system.memory.actual.free", memory.available);
    for (name, value) in ["1", "5", "15"].iter().zip(sample.load_average) {
        fields.set(format!("system.load.{name}"), json!(value));
    }
    let mut events = vec![event];
    events.extend(sample.disks.iter().map(|disk| disk_event(disk, now)));
    events
}

fn disk_event(disk: &DiskInfo, now: Timestamp) -> Event {
    let message = format!(
        "{} {:.0} % of {} GiB used",
        disk.mount_point,
        disk.usage_percent,
        gib(disk.total)
    );
    let mut event = host_event(now, "metric", "metrics", message);
    let fields = &mut event.fields;
    fields.set("system.filesystem.mount_point", disk.mount_point.as_str());
    fields.set("system.filesystem.type", disk.file_system.as_str());
    fields.set("system.filesystem.total", disk.total);
    fields.set("system.filesystem.available", disk.available);
    fields.set("system.filesystem.used.pct", part(disk.usage_percent));
    event
}

/// `cpu 12 %, memory 3.1 of 15.6 GiB, load 0.42, / 54 % used`: of the file systems the fullest.
fn summary(sample: &Sample) -> String {
    let mut fullest: Option<&DiskInfo> = None;
    for disk in &sample.disks {
        if fullest.is_none_or(|fullest| disk.usage_percent > fullest.usage_percent) {
            fullest = Some(disk);
        }
    }
    let disk = fullest.map(|disk| format!(", {} {:.0} % used", disk.mount_point, disk.usage_percent));
    format!(
        "cpu {:.0} %, memory {} of {} GiB, load {:.2}{}",
        sample.cpu.usage_percent,
        gib(sample.memory.used),
        gib(sample.memory.total),
        sample.load_average[0],
        disk.unwrap_or_default(),
    )
}

fn host_event(time: Timestamp, kind: &str, action: &str, message: String) -> Event {
    Event::new(time, 0, message)
        .with(names::EVENT_KIND, kind)
        .with(names::EVENT_CATEGORY, json!(["host"]))
        .with(names::EVENT_TYPE, json!(["info"]))
        .with(names::EVENT_ACTION, action)
}

/// Percent as a part of one, without the tails of binary fractions.
fn part(percent: f64) -> f64 {
    (percent * 10.0).round() / 1000.0
}

fn gib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 30))
}
