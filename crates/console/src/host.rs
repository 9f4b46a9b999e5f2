//! What a host is and how it fares, as a person reads it.

use crate::render::{Format, harmless};
use serde_json::Value;

/// Appends the object of `watch --once`: whole as JSON, else a line for each thing.
pub fn push_system_information(out: &mut String, format: Format, host: &Value) {
    if matches!(format, Format::Json | Format::Seven) {
        out.push_str(&host.to_string());
        out.push('\n');
        return;
    }
    let mut line = |name: &str, text: String| {
        for part in [&format!("{name:<10} "), harmless(text.trim()).as_str(), "\n"] {
            out.push_str(part);
        }
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let percent = |value: &Value| format!("{:.1} %", value["usage_percent"].as_f64().unwrap_or_default());
    let bytes = |value: &Value| format!("{:.1} GB", value.as_u64().unwrap_or_default() as f64 / 1e9);
    line("host", text(&host["hostname"]));
    line(
        "system",
        format!(
            "{}, kernel {}, {}",
            text(&host["os"]),
            text(&host["kernel"]),
            text(&host["architecture"])
        ),
    );
    let (cpu, memory) = (&host["cpu_info"], &host["memory_info"]);
    line(
        "processor",
        format!(
            "{} of {} cores  {}",
            percent(cpu),
            cpu["cores"],
            text(&cpu["model_name"])
        ),
    );
    line("memory", format!("{} of {}", percent(memory), bytes(&memory["total"])));
    let load = host["load_average"].as_array().into_iter().flatten();
    let load: Vec<String> = load
        .map(|load| format!("{:.2}", load.as_f64().unwrap_or_default()))
        .collect();
    line("load", load.join(" "));
    line("up", duration(host["uptime"].as_u64().unwrap_or_default()));
    for disk in host["disks"].as_array().into_iter().flatten() {
        let place = text(&disk["mount_point"]);
        line(
            "disk",
            format!("{} of {}  {place}", percent(disk), bytes(&disk["total"])),
        );
    }
    for interface in host["network"].as_array().into_iter().flatten() {
        let addresses = interface["addresses"].as_array().into_iter().flatten();
        let addresses: Vec<String> = addresses.map(text).collect();
        line(
            "network",
            format!("{}  {}", text(&interface["interface"]), addresses.join(", ")),
        );
    }
}

fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    format!("{days} d {hours} h {minutes} min")
}
