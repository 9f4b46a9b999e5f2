//! On which terms channels are told, silences, what was held in one message, buttons.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_alert::{
    AlertSections, Alerting, BoxFuture, ButtonActions, HeldStory, Press, Pressed, Rate, Silence, StateError, Terms,
};
use watchpost_event::{Event, Timestamp, View};
use watchpost_kit::chain;
use watchpost_run::Shutdown;

use crate::common::{PATIENCE, TOKEN, alerting, detection, origin, time, until};
use crate::doubles::TelegramDouble;

fn telegram(name: &str) -> Value {
    json!({"name": name, "kind": "telegram", "token": TOKEN, "chat": -100_123, "timezone": "UTC"})
}

fn terms(alerting: &Alerting, event: &Event, now: Timestamp) -> Vec<(String, Vec<Terms>)> {
    let origin = origin();
    let planned = alerting.plan(&View { event, origin: &origin }, now, &[]);
    planned
        .into_iter()
        .map(|message| (message.channel, message.terms))
        .collect()
}

fn refused(route: &Value) -> String {
    let sections: AlertSections =
        serde_json::from_value(json!({"channel": [telegram("ops")], "route": [route]})).unwrap();
    chain(&Alerting::try_from(sections).unwrap_err())
}

const MINUTE: Duration = Duration::from_mins(1);

#[test]
fn every_route_gives_its_channels_their_terms() {
    let hook = json!({"name": "hook", "kind": "webhook", "url": "https://example.org/hook"});
    let alerting = alerting(json!({
        "channel": [telegram("ops"), telegram("boss"), hook],
        "route": [
            {"channels": ["ops"], "after": 5, "within": "10m", "rate": "3/h",
             "escalate": {"after": "15m", "channels": ["boss"]}},
            {"channels": ["ops", "boss", "hook"], "digest": "1h", "group": "none"},
            {"channels": ["hook"], "rate": "none"},
            {"when": "rule.level:critical", "channels": ["hook"]},
        ],
    }));
    let usual = Some(Rate { most: 20, per: MINUTE });
    let told = Terms::at_once(false);
    let digest = Terms {
        each: true,
        digest: 60 * MINUTE,
        ..told
    };
    let threshold = Terms {
        after: 5,
        within: 10 * MINUTE,
        rate: Some(Rate {
            most: 3,
            per: 60 * MINUTE,
        }),
        ..told
    };
    // Nobody hears of what is not worth telling the others.
    let escalated = Terms {
        escalate: 15 * MINUTE,
        after: 5,
        within: 10 * MINUTE,
        ..told
    };
    let expected = [
        ("ops", vec![threshold, Terms { rate: usual, ..digest }]),
        ("boss", vec![escalated, Terms { rate: usual, ..digest }]),
        // Programs read as fast as they like.
        ("hook", vec![digest, told]),
    ]
    .map(|(name, terms)| (name.to_owned(), terms));
    assert_eq!(terms(&alerting, &detection(), time()), expected);
}

#[test]
fn a_route_holds_in_its_hours_only() {
    let alerting = alerting(json!({
        "channel": [telegram("day"), telegram("night")],
        "route": [
            {"channels": ["day"], "hours": "Mon-Fri 08:00-20:00 Europe/Moscow"},
            {"channels": ["night"], "hours": "20:00-08:00 Europe/Moscow"},
        ],
    }));
    let told = |time: &str| {
        let time: Timestamp = time.parse().unwrap();
        let event = Event { time, ..detection() };
        let names = terms(&alerting, &event, time).into_iter().map(|(name, _)| name);
        names.collect::<Vec<_>>()
    };
    assert_eq!(told("2026-11-20T12:00:00Z"), ["day"], "a Friday");
    assert_eq!(told("2026-11-20T22:00:00Z"), ["night"]);
    assert!(told("2026-11-21T12:00:00Z").is_empty(), "a Saturday");
}

#[test]
fn mistakes_in_a_route_name_the_key_and_the_remedy() {
    let route = |key: &str, value: Value| json!({"channels": ["ops"], key: value});
    for (route, parts) in [
        (route("hours", json!("08-20")), ["route[0].hours", "Mon-Fri"]),
        (route("after", json!(0)), ["route[0].after", "between 1 and"]),
        (route("within", json!("5m")), ["route[0].within", "`after`"]),
        (route("digest", json!("5")), ["route[0].digest", "5"]),
        (route("digest", json!("1s")), ["route[0].digest", "between 1m and"]),
        (route("rate", json!("fast")), ["route[0].rate", "20/m"]),
        (route("rate", json!("0/m")), ["route[0].rate", "20/m"]),
        (
            route("escalate", json!({"after": "15m", "channels": ["boss"]})),
            ["route[0].escalate.channels", "\"ops\""],
        ),
        (
            route("escalate", json!({"channels": ["ops"]})),
            ["route[0].escalate.after", "between"],
        ),
    ] {
        let error = refused(&route);
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    }
}

#[test]
fn a_silence_says_why_nobody_is_told() {
    let alerting = alerting(json!({
        "channel": [telegram("ops")],
        "silence": [{"when": "host.name:db-*", "hours": "Sun 02:00-04:00 UTC", "reason": "backups"}],
    }));
    let silenced = |event: &Event, now: &str, made: &[Silence]| {
        let origin = origin();
        let now: Timestamp = now.parse().unwrap();
        let event = Event {
            time: now,
            ..event.clone()
        };
        let view = View {
            event: &event,
            origin: &origin,
        };
        alerting.plan(&view, now, made).remove(0).silenced
    };
    let db = detection().with("host.name", "db-1");
    let (sunday, monday) = ("2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z");
    assert_eq!(silenced(&db, sunday, &[]).as_deref(), Some("silence[0]: backups"));
    assert_eq!(silenced(&db, monday, &[]), None);
    assert_eq!(silenced(&detection(), sunday, &[]), None);

    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let made = Silence::read("silence 3", "user.name:anna", "", (time(sunday), time(monday)), "").unwrap();
    assert_eq!(
        silenced(&detection(), sunday, std::slice::from_ref(&made)).as_deref(),
        Some("silence 3")
    );
    assert_eq!(
        silenced(&detection(), monday, &[made]),
        None,
        "its end is no part of it"
    );
}

#[test]
fn silences_that_would_never_end_or_hide_everything_by_mistake_are_refused() {
    let read = |silence: Value| {
        let sections: AlertSections = serde_json::from_value(json!({"silence": [silence]})).unwrap();
        chain(&Alerting::try_from(sections).unwrap_err())
    };
    for (silence, parts) in [
        (json!({"when": "host.name:a"}), ["silence[0]", "for ever"]),
        (json!({"hours": "Sun"}), ["silence[0].when", "is empty"]),
        (
            json!({"when": "a:[", "hours": "Sun"}),
            ["silence[0].when", "not a query"],
        ),
        (
            json!({"when": "a", "from": "2026-11-22T00:00:00Z", "until": "2026-11-21T00:00:00Z"}),
            ["silence[0].until", "beginning"],
        ),
    ] {
        let error = read(silence);
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    }
}

fn held(alert: i64, rule: &str, level: u8, host: &str, count: u64) -> HeldStory {
    HeldStory {
        alert,
        rule: rule.to_owned(),
        level,
        host: Some(host.to_owned()),
        count,
        since: time().plus(alert),
    }
}

#[test]
fn what_was_held_is_told_with_the_worst_first() {
    let channels = json!([
        telegram("ops"),
        {"name": "дежурные", "kind": "telegram", "token": TOKEN, "chat": 1, "timezone": "UTC", "language": "ru"},
        {"name": "hook", "kind": "webhook", "url": "https://example.org/hook"},
        {"name": "chat", "kind": "mattermost", "url": "https://example.org/hook", "timezone": "UTC"},
    ]);
    let alerting = alerting(json!({ "channel": channels })).at_address("https://watch.example.org:7443/");
    let stories = [
        held(3, "SSH brute force", 80, "web-1", 200),
        held(4, "Port *scan*", 60, "web-1", 5),
        held(5, "SSH brute force", 80, "web-2", 9),
    ];
    assert_eq!(
        alerting.together("ops", &stories).unwrap(),
        "and 214 more since 2026-11-20 22:41:07, alerts: 3\n\
         HIGH SSH brute force: 209, web-1, web-2 (#3, #5)\n\
         MEDIUM Port *scan*: 5, web-1 (#4)\n\
         https://watch.example.org:7443/alerts"
    );
    assert_eq!(
        alerting.together("дежурные", &stories[1..2]).unwrap(),
        "и ещё 5 с 2026-11-20 22:41:07, оповещений: 1\n\
         СРЕДНИЙ Port *scan*: 5, web-1 (#4)\n\
         https://watch.example.org:7443/alerts"
    );
    let body: Value = serde_json::from_str(&alerting.together("hook", &stories).unwrap()).unwrap();
    assert_eq!((&body["count"], &body["level"]), (&json!(214), &json!("high")));
    assert_eq!(
        body["held"][1],
        json!({"alert": 4, "rule": {"name": "Port *scan*", "level": "medium"}, "host": "web-1", "count": 5})
    );
    let body: Value = serde_json::from_str(&alerting.together("chat", &stories).unwrap()).unwrap();
    assert!(body["text"].as_str().unwrap().contains("Port \\*scan\\*"), "{body}");
    let many: Vec<HeldStory> = (0..40).map(|n| held(n, &format!("rule {n:02}"), 40, "a", 1)).collect();
    let text = alerting.together("ops", &many).unwrap();
    assert!(text.contains("\n… and 30 more rules"), "{text}");
}

#[test]
fn a_message_names_its_alert_and_where_to_look() {
    let alerting = alerting(json!({"channel": [telegram("ops")]})).at_address("https://watch.example.org");
    let (event, origin) = (detection(), origin());
    let view = View {
        event: &event,
        origin: &origin,
    };
    assert_eq!(
        alerting.preview("ops", &view, 12).unwrap(),
        "HIGH: Port scanner started\nanna process-started nmap\nweb-1, 2026-11-20 22:41:07, #12\n\
         https://watch.example.org/alerts/12"
    );
    assert_eq!(alerting.preview("nobody", &view, 12), None);
}

/// Does as it is told, and remembers.
#[derive(Default)]
struct Actions(std::sync::Mutex<(Vec<Asked>, u32)>);

type Asked = (Press, i64, String);

impl ButtonActions for Actions {
    fn press<'a>(
        &'a self,
        press: Press,
        alert: i64,
        who: &'a str,
        channels: &'a [String],
    ) -> BoxFuture<'a, Result<Pressed, StateError>> {
        Box::pin(async move {
            assert_eq!(channels, ["ops"]);
            let mut inner = self.0.lock().unwrap();
            if inner.1 > 0 {
                inner.1 -= 1;
                return Err("the database is away".into());
            }
            inner.0.push((press, alert, who.to_owned()));
            Ok(match alert {
                404 => Pressed::Unknown,
                13 => Pressed::Before("bert".to_owned()),
                _ => Pressed::Done,
            })
        })
    }
}

#[tokio::test]
async fn buttons_do_what_is_pressed_in_chats_that_are_ours() {
    let api = TelegramDouble::start(TOKEN);
    let mut channel = telegram("ops");
    channel["api_url"] = json!(api.url());
    let alerting = alerting(json!({"channel": [channel.clone()]}));
    let buttons = alerting.buttons().unwrap().remove(0).with_poll(Duration::from_secs(1));
    let (actions, shutdown) = (Arc::new(Actions::default()), Shutdown::new());
    actions.0.lock().unwrap().1 = 1;
    let running = tokio::spawn(buttons.run(actions.clone(), shutdown.clone()));
    for (chat, data) in [
        (-100_123, "ack:12"),
        (-100_123, "silence:12"),
        (-666, "ack:99"),
        (-100_123, "nonsense"),
        (-100_123, "ack:404"),
        (-100_123, "ack:13"),
    ] {
        api.press(chat, "anna", data);
    }
    // Of every press an answer, but for what is not understood; of two the buttons go.
    let other = until("answers", || Some(api.other()).filter(|other| other.len() >= 7)).await;
    let texts: Vec<&str> = other.iter().filter_map(|(_, body)| body["text"].as_str()).collect();
    assert_eq!(
        texts,
        [
            "Acknowledged by @anna (Telegram)",
            "Silenced for 1h",
            "This chat is not one of Watchpost's channels",
            "There is no such alert any more",
            "That was done before by bert",
        ]
    );
    let edits = other.iter().filter(|(method, _)| method == "editmessagereplymarkup");
    assert_eq!(edits.count(), 2);
    let who = "@anna (Telegram)".to_owned();
    let expected = [
        (Press::Acknowledge, 12, who.clone()),
        (Press::Silence(60 * MINUTE), 12, who.clone()),
        (Press::Acknowledge, 404, who.clone()),
        (Press::Acknowledge, 13, who),
    ];
    assert_eq!(
        actions.0.lock().unwrap().0,
        expected,
        "what failed once was done in its turn"
    );
    shutdown.trigger();
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();

    channel["buttons"] = json!(false);
    assert!(alerting_without_buttons(&channel).is_empty());
}

fn alerting_without_buttons(channel: &Value) -> Vec<watchpost_alert::Buttons> {
    alerting(json!({"channel": [channel]})).buttons().unwrap()
}
