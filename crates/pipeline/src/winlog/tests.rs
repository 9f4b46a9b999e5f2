use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use watchpost_event::{Event, Fields, Timestamp};

use super::form;
use crate::golden::decode_as;
use crate::{Codec, CodecContext, Decoder, TimeZone};

/// What an event is made of: `Channel # Provider # id # level # keywords | name=value | …`. A sixth word `user` puts the
/// values into `UserData`; `⏎` and `⇥` are the ends of lines and tabulators.
struct Sample {
    head: Vec<String>,
    values: Vec<(String, String)>,
}

impl Sample {
    fn read(line: &str) -> Self {
        let mut parts = line.split(" | ");
        let head = parts
            .next()
            .unwrap_or_default()
            .split(" # ")
            .map(str::to_owned)
            .collect();
        let value = |part: &str| {
            let (name, value) = part.split_once('=').expect("name=value");
            (name.to_owned(), value.replace('⏎', "\n").replace('⇥', "\t"))
        };
        Self {
            head,
            values: parts.map(value).collect(),
        }
    }

    fn xml(&self) -> String {
        let [channel, provider, id, level, keywords, rest @ ..] = self.head.as_slice() else {
            panic!("{:?}", self.head)
        };
        let mut values = String::new();
        for (name, value) in &self.values {
            let (name, value) = (escape(name), escape(value));
            match (rest.is_empty(), name.as_str()) {
                (true, "Data") => write!(values, "<Data>{value}</Data>"),
                (true, _) => write!(values, "<Data Name='{name}'>{value}</Data>"),
                (false, _) => write!(values, "<{name}>{value}</{name}>"),
            }
            .expect("to memory");
        }
        let data = if rest.is_empty() {
            format!("<EventData>{values}</EventData>")
        } else {
            format!("<UserData><Told xmlns='http://example.org/'>{values}</Told></UserData>")
        };
        format!(
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='{provider}' \
             Guid='{{54849625-5478-4994-a5ba-3e3b0328c30d}}'/><EventID Qualifiers='0'>{id}</EventID><Version>2</Version>\
             <Level>{level}</Level><Task>12544</Task><Opcode>0</Opcode><Keywords>{keywords}</Keywords>\
             <TimeCreated SystemTime='2026-11-20T10:00:00.1234567Z'/><EventRecordID>4711</EventRecordID>\
             <Correlation ActivityID='{{a}}'/><Execution ProcessID='600' ThreadID='604'/><Channel>{channel}</Channel>\
             <Computer>pc-7.corp.example</Computer><Security/></System>{data}</Event>"
        )
    }

    /// As a shipper would send it that makes one flat object of an event.
    fn flat(&self) -> String {
        let names = ["Channel", "SourceName", "EventID", "Level", "Keywords"];
        let mut members: Map<String, Value> = names
            .iter()
            .zip(&self.head)
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        members.insert("EventID".to_owned(), self.id().into());
        members.insert("Hostname".to_owned(), "pc-7.corp.example".into());
        members.insert("@timestamp".to_owned(), "2026-11-20T10:00:00.1234567Z".into());
        for (name, value) in &self.values {
            members.insert(name.clone(), value.as_str().into());
        }
        Value::from(members).to_string()
    }

    fn id(&self) -> u64 {
        self.head[2].parse().expect("a number")
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('\'', "&apos;")
        .replace('\n', "&#10;")
}

/// What is said beyond what came in.
fn gained(event: &Event) -> Map<String, Value> {
    let own = [
        "winlog.event_data.",
        "winlog.user_data.",
        "winlog.channel",
        "winlog.provider_",
        "winlog.event_id",
        "winlog.computer_name",
        "winlog.keywords",
        "winlog.version",
        "winlog.record_id",
        "winlog.process.",
        "winlog.task\0",
        "winlog.opcode",
        "winlog.activity_id",
        "event.code",
        "event.provider",
        "host.name",
    ];
    let is_own = |name: &str| own.iter().any(|own| format!("{name}\0").starts_with(own));
    let fields = event.fields.iter().filter(|(name, _)| !is_own(name));
    fields.map(|(name, value)| (name.to_owned(), value.clone())).collect()
}

fn assert_golden(golden: &str) {
    let mut now = String::new();
    for line in golden.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')) {
        let event = decode_as(Codec::WinXml, &Sample::read(line).xml());
        let fields = serde_json::to_string(&gained(&event)).expect("to memory");
        writeln!(now, "{line}\n    {}\n    {fields}\n", event.message).expect("to memory");
    }
    assert!(
        golden == now,
        "the golden file differs from what events say now:\n{now}"
    );
}

const GOLDEN: [&str; 7] = [
    include_str!("golden/security.txt"),
    include_str!("golden/accounts.txt"),
    include_str!("golden/objects.txt"),
    include_str!("golden/sysmon.txt"),
    include_str!("golden/sysmon_objects.txt"),
    include_str!("golden/powershell.txt"),
    include_str!("golden/system.txt"),
];

fn samples() -> impl Iterator<Item = Sample> {
    let lines = GOLDEN.iter().flat_map(|golden| golden.lines());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with(' '))
        .map(Sample::read)
}

#[test]
fn events_of_the_security_log() {
    assert_golden(GOLDEN[0]);
}

#[test]
fn events_of_accounts_and_groups() {
    assert_golden(GOLDEN[1]);
}

#[test]
fn events_of_objects_and_the_firewall() {
    assert_golden(GOLDEN[2]);
}

#[test]
fn events_of_sysmon_about_processes() {
    assert_golden(GOLDEN[3]);
}

#[test]
fn events_of_sysmon_about_objects() {
    assert_golden(GOLDEN[4]);
}

#[test]
fn events_of_powershell() {
    assert_golden(GOLDEN[5]);
}

#[test]
fn events_of_services_defender_tasks_and_wmi() {
    assert_golden(GOLDEN[6]);
}

#[test]
fn every_event_that_is_known_has_three_samples() {
    let samples: Vec<Sample> = samples().collect();
    let mut lacking = Vec::new();
    let security = [4624, 4625, 4634, 4648, 4672, 4688, 4697, 4698, 1102].into_iter();
    let accounts = (4720..=4740).filter(|id| ![4721, 4736].contains(id));
    let wanted = security
        .chain(accounts)
        .map(|id| ("Security", id))
        .chain([("System", 7045)])
        .chain([4103, 4104].map(|id| ("Microsoft-Windows-PowerShell/Operational", id)))
        .chain((1..=29).map(|id| ("Microsoft-Windows-Sysmon/Operational", id)));
    for (channel, id) in wanted {
        let have = samples
            .iter()
            .filter(|sample| sample.head[0] == channel && sample.id() == id);
        if have.count() < 3 {
            lacking.push((channel, id));
        }
    }
    assert_eq!(lacking, [], "fewer than three samples");
}

#[test]
fn flat_json_gets_the_same_fields_as_xml() {
    for sample in samples().filter(|sample| {
        sample
            .values
            .iter()
            .all(|(name, _)| name != "Data" && name != "Channel")
    }) {
        let xml = gained(&decode_as(Codec::WinXml, &sample.xml()));
        for (codec, text) in [(Codec::Auto, sample.flat()), (Codec::Json, sample.flat())] {
            let flat = decode_as(codec, &text);
            assert_eq!(flat.fields.text("host.name"), Some("pc-7.corp.example"));
            assert_eq!(flat.message, text, "the line stays");
            for (name, value) in &xml {
                assert_eq!(flat.fields.get(name), Some(value), "{name} of {text}");
            }
        }
    }
}

#[test]
fn fields_that_a_shipper_has_set_stay() {
    let text =
        r#"{"Channel":"Security","EventID":4624,"TargetUserName":"anna","user.name":"ANNA","event":{"action":"in"}}"#;
    let event = decode_as(Codec::Auto, text);
    assert_eq!(event.fields.text("user.name"), Some("ANNA"));
    assert_eq!(event.fields.text("event.action"), Some("in"));
    assert_eq!(event.fields.get("event.outcome"), Some(&json!("success")));
}

#[test]
fn everything_that_came_stands_under_its_own_name() {
    let sample = samples().next().expect("a sample");
    let event = decode_as(Codec::WinXml, &sample.xml());
    assert_eq!(event.time.to_string(), "2026-11-20T10:00:00.123456700Z");
    let said = |name: &str| event.fields.get(name).cloned().unwrap_or_default();
    assert_eq!(said("winlog.event_id"), json!(4624));
    assert_eq!(said("winlog.channel"), json!("Security"));
    assert_eq!(
        said("winlog.provider_name"),
        json!("Microsoft-Windows-Security-Auditing")
    );
    assert_eq!(said("winlog.computer_name"), json!("pc-7.corp.example"));
    assert_eq!(said("winlog.record_id"), json!(4711));
    assert_eq!(said("winlog.process.pid"), json!(600));
    assert_eq!(said("winlog.keywords"), json!("0x8020000000000000"));
    for (name, value) in &sample.values {
        assert_eq!(said(&format!("winlog.event_data.{name}")), json!(value), "{name}");
    }
}

#[test]
fn what_the_host_rendered_is_the_message() {
    let xml = samples().next().expect("a sample").xml();
    let rendered = "<RenderingInfo Culture='en-US'><Message>An account was successfully logged on.&#13;\n\nSubject: …</Message>\
        <Level>Information</Level><Task>Logon</Task><Opcode>Info</Opcode><Channel>Security</Channel>\
        <Provider>Microsoft Windows security auditing.</Provider><Keywords><Keyword>Audit Success</Keyword></Keywords>\
        </RenderingInfo></Event>";
    let event = decode_as(Codec::WinXml, &xml.replace("</Event>", rendered));
    assert!(
        event.message.starts_with("An account was successfully logged on."),
        "{}",
        event.message
    );
    assert_eq!(event.fields.text("winlog.task"), Some("Logon"));
    assert_eq!(event.fields.get("winlog.keywords"), Some(&json!(["Audit Success"])));
}

#[test]
fn the_computer_is_the_host_unless_it_is_this_one() {
    let xml = samples().next().expect("a sample").xml();
    for (host, wanted) in [("PC-7", None), ("collector", Some("pc-7.corp.example"))] {
        let mut constants = Fields::new();
        constants.set("host.name", host);
        let context = CodecContext {
            now: Timestamp(0),
            constants: &constants,
        };
        let mut events = Vec::new();
        Decoder::new(Codec::WinXml, TimeZone::UTC).decode(&xml, context, &mut events);
        assert_eq!(events[0].fields.text("host.name"), wanted);
    }
}

#[test]
fn an_event_that_nobody_knows_shows_what_it_holds() {
    let sample = Sample::read("Vendor/Log # Vendor # 77 # 2 # 0x0 | Disk=C: | Data=full | Data=really");
    let event = decode_as(Codec::WinXml, &sample.xml());
    assert_eq!(event.message, "Vendor 77: Disk=C:, Data=full, Data=really");
    assert_eq!(event.fields.text("log.level"), Some("error"));
    assert_eq!(
        event.fields.get("winlog.event_data.Data"),
        Some(&json!(["full", "really"]))
    );
    assert_eq!(event.fields.text("watchpost.logsource.product"), Some("windows"));
}

#[test]
fn what_is_no_event_is_kept_with_the_reason() {
    let long = format!("<Event><EventData>{}</EventData></Event>", "<Data>x</Data>".repeat(600));
    let deep = format!("<Event>{}{}</Event>", "<a>".repeat(40), "</a>".repeat(40));
    let cases = [
        "<Event><System></Event>",
        "<Event><System>",
        "<Events/>",
        "words",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><Event/>",
        "<Event/><Event/>",
        &long,
        &deep,
    ];
    for text in cases {
        let event = decode_as(Codec::WinXml, text);
        assert_eq!(event.message, text);
        let reason = event.fields.text("error.message").unwrap_or_default();
        assert!(
            reason.starts_with("not an event of the Windows Event Log: "),
            "{reason}"
        );
        assert_eq!(decode_as(Codec::Auto, text).message, text);
    }
}

#[test]
fn odd_characters_do_not_lose_an_event() {
    let xml = "<Event><System><EventID>1</EventID></System><EventData><Data Name='a'>x &#0; &unknown; &amp; A&B &#x43F;\
        <![CDATA[<b>]]></Data><ComplexData Name='c'><Part Name='p'>1</Part></ComplexData></EventData></Event>";
    let event = decode_as(Codec::WinXml, xml);
    assert_eq!(
        event.fields.text("winlog.event_data.a"),
        Some("x \u{fffd} &unknown; & A&B п<b>")
    );
    assert_eq!(event.fields.text("winlog.event_data.p"), Some("1"));
}

#[test]
fn a_line_leaves_out_what_is_not_known() {
    let field = |name: &str| (name != "no").then(|| name.to_uppercase());
    assert_eq!(form::line("{a} did[ it for {no}][ with {b}]", &field), "A did with B");
    assert_eq!(form::line("{no} did", &field), "? did");
    assert_eq!(form::line("[{a", &field), "A");
}

proptest! {
    #[test]
    fn values_come_through_xml_as_they_are(
        values in proptest::collection::vec(("[A-Za-z][A-Za-z0-9_]{0,12}", "\\PC{0,40}"), 0..20),
    ) {
        let mut seen = std::collections::BTreeSet::new();
        let values: Vec<(String, String)> = values.into_iter().filter(|(name, _)| seen.insert(name.clone())).collect();
        let head = ["Security", "P", "4688", "0", "0x0"].map(str::to_owned).to_vec();
        let sample = Sample { head, values };
        let event = decode_as(Codec::WinXml, &sample.xml());
        for (name, value) in &sample.values {
            prop_assert_eq!(event.fields.text(&format!("winlog.event_data.{name}")), Some(value.as_str()));
        }
    }

    #[test]
    fn no_text_harms(text in "(<Event>|</Event>|<Data Name='|'>|</Data>|&#x|;|<System>|<EventID>|[0-9]|\\PC){0,60}") {
        let event = decode_as(Codec::WinXml, &format!("<Event>{text}"));
        prop_assert!(!event.message.is_empty());
    }
}
