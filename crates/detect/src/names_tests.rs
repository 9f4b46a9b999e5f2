//! What the names of Sigma's taxonomies find in our events.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use crate::sources::sources;
use crate::{RuleText, Rules, taxonomy};

fn origin(product: Option<&str>, category: Option<&str>, service: Option<&str>) -> Origin {
    let mut fields = Fields::new();
    LogSource {
        product: product.map(str::to_owned),
        category: category.map(str::to_owned),
        service: service.map(str::to_owned),
    }
    .put(&mut fields);
    Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("process").unwrap(),
        epoch: Epoch(1),
        fields,
    }
}

fn event(fields: &Value) -> Event {
    let mut event = Event::new(Timestamp(0), 1, "the message");
    event.fields = Fields::from_object(fields.as_object().unwrap().clone());
    event
}

/// Whether a rule with one selection (flow YAML) matches.
fn finds(source: &str, selection: &str, fields: &Value, origin: &Origin) -> bool {
    let text = format!("title: T\nlogsource: {source}\ndetection:\n  a: {selection}\n  condition: a\nlevel: low\n");
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", text.as_str())]);
    assert!(problems.is_empty(), "{problems:?}\n{text}");
    let event = event(fields);
    !rules.matches(&View { event: &event, origin }, Timestamp(0)).is_empty()
}

#[test]
fn a_field_whose_name_has_brackets_is_found() {
    let linux = origin(Some("linux"), None, None);
    let source = "{ product: linux }";
    let fields = json!({ "args[0]": "nmap", "field[*]": 7, "list": ["a", "b"] });
    assert!(finds(source, "{ 'args[0]': nmap }", &fields, &linux));
    assert!(finds(source, "{ 'args[0]|contains': map }", &fields, &linux));
    assert!(finds(source, "{ 'field[*]': 7 }", &fields, &linux));
    assert!(!finds(source, "{ 'args[0]': masscan }", &fields, &linux));
    assert!(!finds(source, "{ 'args[1]': nmap }", &fields, &linux));
    // Only a rule of version 3 of the specification means an element by it.
    assert!(!finds(source, "{ 'list[1]': b }", &fields, &linux));
    let third = |selection: &str| {
        let text =
            format!("title: T\nsigma-version: 3\nlogsource: {source}\ndetection:\n  a: {selection}\n  condition: a\n");
        let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", text)]);
        assert!(problems.is_empty(), "{problems:?}");
        let event = event(&fields);
        let view = View {
            event: &event,
            origin: &linux,
        };
        !rules.matches(&view, Timestamp(0)).is_empty()
    };
    assert!(third("{ 'list[1]': b }"));
    assert!(third("{ 'list[-1]': b }"));
    assert!(!third("{ 'list[0]': b }"));
    assert!(!third("{ 'list[2]': b }"));
}

#[test]
fn every_name_of_the_taxonomies_is_answered_by_its_fields_and_by_the_events_own_first() {
    let mut names = HashSet::new();
    let any = origin(Some("p"), None, None);
    let source = "{ product: p }";
    for (name, fields) in taxonomy::all() {
        assert!(names.insert(name), "{name} stands twice");
        for field in fields.iter().filter(|field| **field != "message") {
            let event = json!({ *field: "ours" });
            assert!(
                finds(source, &format!("{{ {name}: ours }}"), &event, &any),
                "{name} {field}"
            );
            let both = json!({ *field: "ours", name: "own" });
            assert!(
                !finds(source, &format!("{{ {name}: ours }}"), &both, &any),
                "{name} {field}"
            );
            assert!(
                finds(source, &format!("{{ {name}: own }}"), &both, &any),
                "{name} {field}"
            );
        }
    }
    let best = json!({ "ParentProcessName": "first", "process.parent.executable": "second" });
    assert!(finds(source, "{ ParentImage: first }", &best, &any));
    assert!(finds(
        source,
        "{ Message: the message, Data|contains: message }",
        &json!({}),
        &any
    ));
}

#[test]
fn values_that_are_written_differently_are_answered_as_rules_write_them() {
    let any = origin(Some("p"), None, None);
    let check = |selection: &str, fields: Value, expected: bool| {
        assert_eq!(
            finds("{ product: p }", selection, &fields, &any),
            expected,
            "{selection} {fields}"
        );
    };
    check("{ Initiated: 'true' }", json!({ "network.direction": "egress" }), true);
    check(
        "{ Initiated: 'true' }",
        json!({ "network.direction": "ingress" }),
        false,
    );
    check(
        "{ Initiated: 'false' }",
        json!({ "network.direction": "inbound" }),
        true,
    );
    check(
        "{ IntegrityLevel: High }",
        json!({ "MandatoryLabel": "S-1-16-12288" }),
        true,
    );
    check(
        "{ IntegrityLevel: S-1-16-12288 }",
        json!({ "MandatoryLabel": "S-1-16-12288" }),
        true,
    );
    check(
        "{ IntegrityLevel: High }",
        json!({ "MandatoryLabel": "S-1-16-8192" }),
        false,
    );
    check(
        "{ User|contains: AUTHORI }",
        json!({ "user.domain": "NT AUTHORITY", "user.name": "SYSTEM" }),
        true,
    );
    check(
        "{ User: SYSTEM }",
        json!({ "user.domain": "NT AUTHORITY", "user.name": "SYSTEM" }),
        true,
    );
    let hash = "ABCDEF";
    let ours = json!({ "process.hash.sha256": hash.to_lowercase(), "process.hash.md5": "aa" });
    check("{ Hashes|contains: 'SHA256=ABCDEF' }", ours.clone(), true);
    check("{ Hashes|contains: 'MD5=AA' }", ours.clone(), true);
    check("{ sha256: ABCDEF }", ours.clone(), true);
    check("{ Hashes|contains: 'SHA1=' }", ours, false);
    let theirs = json!({ "Hashes": "SHA1=01,MD5=02,SHA256=03,IMPHASH=04" });
    check("{ md5: '02', sha1: '01', sha256: '03', Imphash: '04' }", theirs, true);
}

#[test]
fn what_is_asked_of_the_query_is_looked_for_in_the_whole_address_too() {
    let any = origin(Some("p"), None, None);
    let check = |selection: &str, fields: Value, expected: bool| {
        assert_eq!(
            finds("{ product: p }", selection, &fields, &any),
            expected,
            "{selection} {fields}"
        );
    };
    let request = json!({ "url.original": "/shell.php?cmd=id", "url.path": "/shell.php", "url.query": "cmd=id" });
    check("{ cs-uri-query: cmd=id }", request.clone(), true);
    check("{ cs-uri-query|contains: /shell.php }", request.clone(), true);
    check(
        "{ cs-uri-query|startswith: cmd, cs-uri-stem: /shell.php, cs-uri|endswith: =id }",
        request,
        true,
    );
    check(
        "{ cs-uri-query|contains: /shell }",
        json!({ "url.original": "/shell.php" }),
        true,
    );
    check("{ sc-status: 200 }", json!({ "http.response.status_code": 200 }), true);
    check(
        "{ sc-status: '200' }",
        json!({ "http.response.status_code": 200 }),
        true,
    );
}

#[test]
fn names_behind_a_prefix_are_the_events_own() {
    let audit = origin(Some("linux"), None, Some("auditd"));
    let record = json!({ "auditd.record_type": "EXECVE", "auditd.data.a0": "chmod", "auditd.data.a1": "+s",
        "auditd.data.exe": "/usr/bin/chmod", "auditd.data.key": "perm", "auditd.data.uid": 0 });
    let source = "{ product: linux, service: auditd }";
    assert!(finds(
        source,
        "{ type: EXECVE, a0|contains: chmod, a1: '+s' }",
        &record,
        &audit
    ));
    assert!(finds(
        source,
        "{ exe|endswith: /chmod, key: perm, uid: 0 }",
        &record,
        &audit
    ));
    assert!(!finds(source, "{ type: SYSCALL }", &record, &audit));
    assert!(!finds(source, "{ a2|exists: true }", &record, &audit));
    let windows = origin(None, None, None);
    let logon = json!({ "winlog.channel": "Security", "winlog.event_id": 4624,
        "winlog.event_data.LogonType": 3, "winlog.event_data.NewProcessName": "C:\\a.exe" });
    let source = "{ product: windows, service: security }";
    assert!(finds(
        source,
        "{ EventID: 4624, LogonType: 3, Channel: Security }",
        &logon,
        &windows
    ));
    assert!(finds(source, "{ Image|endswith: '\\a.exe' }", &logon, &windows));
}

#[test]
fn a_windows_event_says_by_channel_and_number_what_it_is_about() {
    let plain = origin(Some("linux"), None, None);
    let of = |fields: Value| {
        let event = event(&fields);
        let view = View {
            event: &event,
            origin: &plain,
        };
        let part = |part: Option<&str>| part.unwrap_or("-").to_owned();
        let name = |source: &crate::sources::Source<'_>| {
            [part(source.product), part(source.category), part(source.service)].join("/")
        };
        sources(&view)
            .iter()
            .map(name)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>()
    };
    let sysmon = "Microsoft-Windows-Sysmon/Operational";
    assert_eq!(of(json!({})), ["linux/-/-"]);
    assert_eq!(of(json!({ "Channel": "Mine", "EventID": 1 })), ["linux/-/-"]);
    assert_eq!(
        of(json!({ "Channel": sysmon, "EventID": 13 })),
        ["windows/registry_event/sysmon", "windows/registry_set/sysmon"]
    );
    assert_eq!(
        of(json!({ "Channel": sysmon, "EventID": "12", "EventType": "DeleteValue" })),
        ["windows/registry_delete/sysmon", "windows/registry_event/sysmon"]
    );
    assert_eq!(
        of(json!({ "winlog.channel": "security", "winlog.event_id": 4688 })),
        ["windows/process_creation/security"]
    );
    assert_eq!(
        of(json!({ "Channel": "System", "EventID": 7045 })),
        ["windows/-/system"]
    );
    assert_eq!(
        of(json!({ "SourceName": "PowerShell", "EventID": 400 })),
        ["windows/ps_classic_start/powershell-classic"]
    );
    assert_eq!(of(json!({ "Channel": sysmon })), ["windows/-/sysmon"]);
    let ours = json!({ "Channel": "Security", "EventID": 4624, "watchpost.logsource.service": "mine" });
    assert_eq!(of(ours), ["linux/-/mine", "windows/-/security"]);
}

/// As Filebeat, Auditbeat and Packetbeat send them, and nobody else has said what they are.
#[test]
fn an_event_of_another_shipper_says_by_ecs_what_it_is_about() {
    let nobody = origin(None, None, None);
    let started = json!({
        "event.kind": "event", "event.category": ["process"], "event.type": ["start"], "host.os.type": "linux",
        "process.executable": "/usr/bin/nmap", "process.command_line": "nmap -sS 10.0.0.0/24",
    });
    for (source, found) in [
        ("{ product: linux, category: process_creation }", true),
        ("{ category: process_creation }", true),
        ("{ product: linux }", true),
        ("{ product: windows, category: process_creation }", false),
        ("{ product: linux, category: file_event }", false),
        ("{ product: linux, service: auditd }", false),
    ] {
        assert_eq!(
            finds(source, "{ Image|endswith: /nmap }", &started, &nobody),
            found,
            "{source}"
        );
    }
    let file = json!({
        "event.category": "file", "event.type": ["creation"], "host.os.platform": "Windows 11", "file.path": "C:\\x.exe",
    });
    let asked = json!({ "event.category": ["network"], "event.type": ["protocol"], "dns.question.name": "a.example" });
    let request = json!({ "event.category": ["web"], "url.original": "/x?cmd=id" });
    let of = |source, test, event| finds(source, test, event, &nobody);
    assert!(of(
        "{ product: windows, category: file_event }",
        "{ TargetFilename|endswith: .exe }",
        &file
    ));
    assert!(of("{ category: dns }", "{ query|endswith: .example }", &asked));
    assert!(of(
        "{ category: webserver }",
        "{ cs-uri-query|contains: cmd }",
        &request
    ));
    // The machine that read a file says which product, where the event does not; and what an agent says is not doubted.
    let on = |os: Option<&str>, category: Option<&str>| origin(os, category, None);
    let mut bare = started.clone();
    bare["host.os.type"] = "unix".into();
    let creation = "{ product: linux, category: process_creation }";
    assert!(finds(
        creation,
        "{ Image|endswith: /nmap }",
        &bare,
        &on(Some("linux"), None)
    ));
    assert!(!finds(creation, "{ Image|endswith: /nmap }", &bare, &nobody));
    assert!(!finds(
        creation,
        "{ Image|endswith: /nmap }",
        &started,
        &on(Some("linux"), Some("file_event"))
    ));
}

#[test]
fn a_rule_looks_at_every_log_source_of_an_event() {
    let none = origin(None, None, None);
    let set = json!({ "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 13, "TargetObject": "HKLM\\x" });
    for source in [
        "{ product: windows, category: registry_set }",
        "{ product: windows, category: registry_event }",
        "{ product: windows, service: sysmon }",
        "{ category: registry_set }",
        "{ product: windows }",
    ] {
        assert!(
            finds(source, "{ TargetObject|contains: HKLM }", &set, &none),
            "{source}"
        );
    }
    for source in [
        "{ product: windows, category: registry_add }",
        "{ product: linux }",
        "{ service: security }",
    ] {
        assert!(
            !finds(source, "{ TargetObject|contains: HKLM }", &set, &none),
            "{source}"
        );
    }
}
