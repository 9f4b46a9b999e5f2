//! Which messages a detection causes, and their exact words. Changing an expected text is changing what people get.

use serde_json::{Value, json};
use watchpost_event::{Event, View};

use crate::common::{alerting, detection, launch, origin, time, told};

const ENGLISH: &str = "[{{ time }}] User {{ user.name }} started {{ process.title }}";
const RUSSIAN: &str = "[{{ time }}] Пользователь {{ user.name }} запустил {{ process.title }}";

fn channel(name: &str, more: &Value) -> Value {
    let mut channel = json!({
        "name": name, "kind": "telegram", "token": "1:a", "chat": "-100123", "timezone": "Europe/Moscow",
    });
    for (key, value) in more.as_object().unwrap() {
        channel[key] = value.clone();
    }
    channel
}

/// One channel's text for an event.
fn text(template: &str, zone: &str, event: &Event) -> String {
    let channel = channel("ops", &json!({"template": template, "timezone": zone}));
    let alerting = alerting(json!({"channel": [channel], "route": [{"channels": ["ops"]}]}));
    told(&alerting, event).remove(0).1
}

#[test]
fn the_classic_message_in_two_languages() {
    let chrome = launch("Chrome");
    assert_eq!(
        text(RUSSIAN, "Europe/Moscow", &chrome),
        "[2026-11-21 01:41:07] Пользователь anna запустил Chrome"
    );
    assert_eq!(
        text(ENGLISH, "UTC", &chrome),
        "[2026-11-20 22:41:07] User anna started Chrome"
    );
    assert_eq!(
        text(ENGLISH, "Asia/Kolkata", &launch("Проводник")),
        "[2026-11-21 04:11:07] User anna started Проводник"
    );
}

#[test]
fn names_fall_back_to_what_is_known() {
    let mut event = launch("x");
    event.fields.remove("process.title");
    event.fields.remove("user.name");
    event.fields.set("user.id", "1000");
    assert_eq!(
        text(ENGLISH, "UTC", &event),
        "[2026-11-20 22:41:07] User 1000 started chrome"
    );
    let bare = Event::new(time(), 1, "something");
    assert_eq!(text(ENGLISH, "UTC", &bare), "[2026-11-20 22:41:07] User  started");
}

#[test]
fn the_default_says_what_happened_where_and_when() {
    assert_eq!(
        text("", "Europe/Moscow", &detection()),
        "HIGH: Port scanner started\nanna process-started nmap\nweb-1, 2026-11-21 01:41:07, #\u{1}"
    );
    let login = Event::new(time(), 1, "Failed password for root")
        .with("rule.name", "Brute force")
        .with("rule.level", "medium")
        .with("event.action", "ssh-login")
        .with("event.outcome", "failure")
        .with("user.name", "root")
        .with("source.ip", "192.0.2.7");
    assert_eq!(
        text("", "UTC", &login),
        "MEDIUM: Brute force\nFailed password for root\nweb-1, 2026-11-20 22:41:07, #\u{1}"
    );
    let bare = Event::new(time(), 1, "disk failed");
    assert_eq!(
        text("", "UTC", &bare),
        "alert\ndisk failed\nweb-1, 2026-11-20 22:41:07, #\u{1}"
    );
}

#[test]
fn everything_of_the_event_can_be_named() {
    let template = "{{ rule.id }}|{{ event.category }}|{{ watchpost.alert.severity }}|{{ who }}|{{ what }}|{{ on_what }}\
                    |{{ where }}|{{ agent.id }}|{{ no.such.thing }}|{{ message }}|{{ when }}|{{ level }}";
    assert_eq!(
        text(template, "UTC", &detection()),
        "5d0c9a3e|process|high|anna|Port scanner started|nmap|web-1|web-1||Port scanner started: anna process-started nmap\
         |2026-11-20T22:41:07.123456789Z|high"
    );
    let several = detection().with("process.args", json!(["-a", 1, null, "<b>"]));
    assert_eq!(
        text("{{ process.args }} & {{ process.args[3] }}", "UTC", &several),
        "-a, 1, , <b> & <b>"
    );
}

#[test]
fn values_cannot_forge_a_line_or_turn_the_text_around() {
    let mut event = launch("Chrome\n[2026-11-21 01:41:08] User root started sh");
    event.fields.set("user.name", "an\u{202e}na\u{1b}[2J");
    event.message = "first\r\nsecond".to_owned();
    assert_eq!(
        text("{{ user.name }}: {{ process.title }}\n{{ message }}", "UTC", &event),
        "an\u{fffd}na\u{fffd}[2J: Chrome [2026-11-21 01:41:08] User root started sh\nfirst  second"
    );
    // A template within a value stays text.
    let event = launch("{{ user.name }}{% for x in range(9) %}");
    assert_eq!(
        text("{{ process.title }}", "UTC", &event),
        "{{ user.name }}{% for x in range(9) %}"
    );
}

#[test]
fn a_template_that_fails_on_an_event_costs_no_alert() {
    let expected = "HIGH: Port scanner started\nanna process-started nmap\nweb-1, 2026-11-20 22:41:07, #\u{1}";
    // Adding to what is not there; nothing at all; calling what is no function.
    for template in [
        "{{ process.pid + 1 }}",
        "{% if process.title == 'never' %}x{% endif %}",
        "{% if user.name == 'anna' %}{{ user.name() }}{% endif %}",
    ] {
        assert_eq!(text(template, "UTC", &detection()), expected, "{template}");
    }
}

#[test]
fn texts_have_an_end() {
    let event = launch(&"х".repeat(100_000));
    let text = text(
        "{% for n in range(100) %}{{ process.title }} {% endfor %}",
        "UTC",
        &event,
    );
    assert!(text.len() < 17_000, "{}", text.len());
    assert!(text.ends_with('…'));
}

#[test]
fn without_routes_trouble_is_told_once_a_story_and_launches_each_time() {
    let alerting = alerting(json!({"channel": [channel("a", &json!({})), channel("b", &json!({}))]}));
    let who = |event: &Event| -> Vec<(String, bool)> {
        told(&alerting, event)
            .into_iter()
            .map(|(channel, _, each)| (channel, each))
            .collect()
    };
    let all = |each: bool| vec![("a".to_owned(), each), ("b".to_owned(), each)];
    assert_eq!(who(&detection()), all(false));
    assert_eq!(who(&launch("Chrome")), all(true));
    assert_eq!(who(&detection().with("watchpost.system", true)), vec![]);
    assert_eq!(who(&detection().with("watchpost.alert.severity", "low")), vec![]);
    assert_eq!(
        who(&detection().with("watchpost.alert.severity", "critical")),
        all(false)
    );
    assert_eq!(who(&launch("Chrome").with("watchpost.launch", false)), vec![]);
}

#[test]
fn a_channel_hears_of_an_event_once_and_each_wins() {
    let alerting = alerting(json!({
        "channel": [channel("a", &json!({})), channel("b", &json!({})), channel("c", &json!({}))],
        "route": [
            {"when": "user.name:anna", "channels": ["b", "a", "b"]},
            {"when": "process.name:nmap", "channels": ["b"], "group": "none"},
            {"when": "process.name:ncat", "channels": ["c"]},
        ],
    }));
    let told = told(&alerting, &detection());
    let who: Vec<(&str, bool)> = told
        .iter()
        .map(|(channel, _, each)| (channel.as_str(), *each))
        .collect();
    assert_eq!(who, [("a", false), ("b", true)]);
    assert_eq!(alerting.channel_names().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn old_events_are_shown_but_nobody_is_woken() {
    let alerting = alerting(json!({"channel": [channel("a", &json!({}))]}));
    let (event, origin) = (detection(), origin());
    let view = View {
        event: &event,
        origin: &origin,
    };
    let hour = 3_600_000_000_000;
    assert_eq!(alerting.plan(&view, event.time.plus(hour), &[]).len(), 1);
    assert_eq!(alerting.plan(&view, event.time.plus(hour + 1), &[]), vec![]);
    assert_eq!(
        alerting.plan(&view, event.time.plus(-9 * hour), &[]).len(),
        1,
        "a host's clock that is ahead"
    );
}

#[test]
fn webhooks_get_the_alert_as_json() {
    let hook = json!({
        "name": "hook", "kind": "webhook", "url": "https://example.org/x", "template": ENGLISH, "timezone": "UTC",
    });
    let alerting = alerting(json!({"channel": [hook], "route": [{"channels": ["hook"]}]}));
    let body: Value = serde_json::from_str(&told(&alerting, &detection())[0].1).unwrap();
    let mut without_event = body.clone();
    without_event["event"] = Value::Null;
    assert_eq!(
        without_event,
        json!({
            "version": 1,
            "id": "web-1/0000000000000007/detect@90112.0",
            "rule": {"id": "5d0c9a3e", "name": "Port scanner started", "level": "high"},
            "level": "high",
            "severity": "high",
            "fingerprint": "c0ffee",
            "time": "2026-11-20T22:41:07.123456789Z",
            "host": "web-1",
            "message": "Port scanner started: anna process-started nmap",
            "text": "[2026-11-20 22:41:07] User anna started nmap",
            "seven": {
                "who": "anna", "what": "Port scanner started", "on_what": "nmap", "when": "2026-11-20T22:41:07.123456789Z",
                "where": "web-1", "from_where": null, "to_where": null,
            },
            "event": null,
        })
    );
    assert_eq!(body["event"]["user"], json!({"id": "1000", "name": "anna"}));
    assert_eq!(body["event"]["host"], json!({"name": "web-1"}));

    // Too large, or nested beyond sense: the alert gets through without the event.
    let deep = vec!["a"; 5_000].join(".");
    for event in [
        detection().with("blob", "x".repeat(1 << 20)),
        detection().with(&deep, 1),
    ] {
        let body = told(&alerting, &event).remove(0).1;
        assert!(body.len() < 100_000, "{}", body.len());
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["event"], Value::Null);
        assert_eq!(body["truncated"], json!(true));
        assert_eq!(body["rule"]["name"], "Port scanner started");
    }
}

/// Somebody who begins with it as it is documented says the same.
#[test]
fn the_usual_template_is_the_documented_one() {
    let documented = include_str!("../../../../docs/alerts.md");
    let (_, block) = documented
        .split_once("```jinja\n")
        .expect("a template in docs/alerts.md");
    let (block, _) = block.split_once("\n```").expect("the end of it");
    assert_eq!(block, watchpost_alert::USUAL_TEMPLATE);
}
