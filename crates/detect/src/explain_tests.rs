#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use watchpost_event::{AgentId, Epoch, Event, Fields, LogSource, Origin, StreamId, Timestamp, View};

use crate::{Explanation, RuleText, Rules};

const RULE: &str = "
title: Hidden download
id: 7a9f3a52-2222-4000-8000-000000000001
logsource: { product: windows, category: process_creation }
detection:
  selection_image: { Image|endswith: ['\\powershell.exe', '\\pwsh.exe'], User: anna }
  selection_options: { CommandLine|contains|all: [hidden, http], 'odd[0]': x }
  words: [download]
  filter: { ParentImage|startswith: 'C:\\Tools' }
  condition: all of selection_* and words and not filter
level: high
";

fn explain(fields: &Value, source: &LogSource) -> Explanation {
    let (rules, problems) = Rules::compile(&[RuleText::new("a.yml", RULE)]);
    assert!(problems.is_empty(), "{problems:?}");
    let mut event = Event::new(Timestamp(0), 1, "a message");
    event.fields = Fields::from_object(fields.as_object().unwrap().clone());
    let mut constants = Fields::new();
    source.put(&mut constants);
    let origin = Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields: constants,
    };
    let view = View {
        event: &event,
        origin: &origin,
    };
    assert_eq!(rules.explain("nobody", &view), None);
    let explained = rules.explain("7a9f3a52-2222-4000-8000-000000000001", &view).unwrap();
    assert_eq!(explained.matched, !rules.matches(&view, Timestamp(0)).is_empty());
    explained
}

fn windows() -> LogSource {
    LogSource {
        product: Some("windows".into()),
        category: Some("process_creation".into()),
        service: None,
    }
}

#[test]
fn what_is_found_is_explained_by_the_tests_it_passed() {
    let fields = json!({ "process.executable": "C:\\PowerShell.exe", "user.name": "anna", "odd[0]": "x",
        "process.command_line": "x -w hidden http://192.0.2.1/download" });
    let explained = explain(&fields, &windows());
    assert!(explained.matched && explained.condition_met && explained.differs.is_empty());
    let named = |name: &str| explained.selections.iter().find(|one| one.name == name).unwrap();
    assert!(named("selection_image").matched && named("words").matched && !named("filter").matched);
    assert_eq!(named("selection_image").tests.len(), 2);
    assert_eq!(named("filter").tests[0].found, None);
}

#[test]
fn what_is_not_found_is_explained_by_the_tests_that_failed() {
    let fields = json!({ "process.executable": "C:\\cmd.exe", "user.name": "anna",
        "process.command_line": "hidden \u{1b}[2J", "process.parent.executable": "c:\\tools\\a.exe" });
    let explained = explain(&fields, &windows());
    assert!(!explained.matched && !explained.condition_met);
    let text = explained.to_string();
    assert!(!text.contains('\u{1b}'), "{text}");
    let expected = "\
Hidden download does not find the event
  log source   is the rule's
  condition    is not met: all of selection_* and words and not filter
  yes  filter
         ParentImage starts with \"c:\\\\tools\": it is \"c:\\\\tools\\\\a.exe\"
  no   selection_image
         Image ends with \"\\\\powershell.exe\" or ends with \"\\\\pwsh.exe\": it is \"C:\\\\cmd.exe\"
  no   selection_options
         CommandLine contains \"hidden\" and contains \"http\": it is \"hidden \\u{1b}[2J\"
         odd[0] is \"x\": there is no such field
  no   words
         any text contains \"download\"
";
    assert_eq!(text, expected);
}

#[test]
fn a_log_source_that_differs_is_named() {
    let linux = LogSource {
        product: Some("linux".into()),
        category: Some("process_creation".into()),
        service: None,
    };
    let fields = json!({ "process.executable": "\\pwsh.exe", "user.name": "anna", "odd[0]": "x",
        "process.command_line": "hidden http download" });
    let explained = explain(&fields, &linux);
    assert!(!explained.matched && explained.condition_met);
    assert_eq!(explained.differs.len(), 1);
    assert_eq!(
        (explained.differs[0].part, explained.differs[0].found.as_slice()),
        ("product", &["linux".to_owned()][..])
    );
    assert!(
        explained
            .to_string()
            .contains("log source   product windows: the event is of linux\n"),
        "{explained}"
    );
    let sysmon = json!({ "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 13 });
    let explained = explain(&sysmon, &LogSource::default());
    assert_eq!(explained.differs[0].found, ["registry_set", "registry_event"]);
    let none = explain(&json!({}), &LogSource::default());
    assert!(
        none.to_string()
            .contains("category process_creation: the event says none"),
        "{none}"
    );
}

#[test]
fn long_texts_are_cut() {
    let fields = json!({ "process.executable": "x".repeat(10_000) });
    let explained = explain(&fields, &windows());
    assert!(explained.to_string().len() < 2_000);
}
