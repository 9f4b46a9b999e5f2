//! The rules for Windows find the same in events of the Event Log, as the agent and `.evtx` files bring them, as in the flat
//! objects of their samples.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;

use serde_json::Value;
use watchpost_detect::{Input, Rules, Samples, builtin};
use watchpost_event::{Event, Fields};
use watchpost_pipeline::{Codec, CodecContext, Decoder, TimeZone};

/// The channels that samples are from.
const CHANNELS: [(&str, &str); 6] = [
    ("security", "Security"),
    ("system", "System"),
    ("sysmon", "Microsoft-Windows-Sysmon/Operational"),
    ("powershell", "Microsoft-Windows-PowerShell/Operational"),
    ("powershell-classic", "Windows PowerShell"),
    ("windefend", "Microsoft-Windows-Windows Defender/Operational"),
];
const SYSTEM: [&str; 6] = [
    "EventID",
    "Channel",
    "SourceName",
    "Provider_Name",
    "Hostname",
    "Computer",
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The event as Windows writes it; none of an event that is not from the Event Log.
fn xml(event: &Event, service: &str) -> Option<String> {
    let id = text(event.fields.get("EventID")?);
    let said = |names: &[&str]| names.iter().find_map(|name| event.fields.get(name)).map(text);
    let known = CHANNELS.iter().find(|(name, _)| *name == service)?.1;
    let channel = said(&["Channel"]).unwrap_or_else(|| known.to_owned());
    let provider = said(&["SourceName", "Provider_Name", "winlog.provider_name"]).unwrap_or_default();
    let computer = said(&["Hostname", "Computer", "host.name"]).unwrap_or_else(|| "PC-7".to_owned());
    let mut data = String::new();
    for (name, value) in event.fields.iter() {
        let name = name.strip_prefix("winlog.event_data.").unwrap_or(name);
        let is_data = !name.contains('.') && !SYSTEM.contains(&name);
        if is_data {
            write!(
                data,
                "<Data Name=\"{}\">{}</Data>",
                escaped(name),
                escaped(&text(value))
            )
            .unwrap();
        }
    }
    Some(format!(
        "<Event><System><Provider Name=\"{}\"/><EventID>{id}</EventID><TimeCreated SystemTime=\"{}\"/>\
         <Channel>{}</Channel><Computer>{}</Computer></System><EventData>{data}</EventData></Event>",
        escaped(&provider),
        event.time,
        escaped(&channel),
        escaped(&computer),
    ))
}

#[test]
fn the_rules_for_windows_find_the_same_in_events_of_the_event_log() {
    let texts: Vec<_> = builtin().iter().map(watchpost_detect::BuiltinRule::rule_text).collect();
    let (rules, _) = Rules::compile(&texts);
    let decoder = Decoder::new(Codec::WinXml, TimeZone::UTC);
    let (mut looked_at, mut found_in) = (0, 0);
    for (rule, text) in builtin()
        .iter()
        .zip(&texts)
        .filter(|(rule, _)| rule.name.starts_with("windows/"))
    {
        let samples = Samples::read(rule.samples).unwrap();
        for (at, sample) in samples.samples.iter().enumerate() {
            let mut events = Vec::new();
            for input in &sample.inputs {
                let Input::Event(event) = input else { continue };
                let service = event.fields.text("watchpost.logsource.service").unwrap_or_default();
                let Some(xml) = xml(event, service) else { continue };
                let context = CodecContext {
                    now: event.time,
                    constants: &Fields::new(),
                };
                decoder.decode(&xml, context, &mut events);
            }
            if events.is_empty() || events.len() < sample.inputs.len() {
                continue;
            }
            assert!(events.iter().all(|event| event.fields.get("error.message").is_none()));
            let found = rules.try_out(&text.name, &events);
            let wanted = usize::from(sample.expected);
            assert_eq!(found.len(), wanted, "sample {at} of {}: {events:?}", rule.name);
            looked_at += 1;
            found_in += wanted;
        }
    }
    assert!(
        looked_at > 100 && found_in > 40,
        "{looked_at} samples, {found_in} with something to find"
    );
}
