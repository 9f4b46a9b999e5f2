//! Chat and paging services, as their documentation describes them: what each is sent, and what its answers mean.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use watchpost_alert::{Alerting, NotifyError};
use watchpost_event::Event;

use crate::common::{TIME, alerting, deliver, detection, told};
use crate::doubles::{HttpDouble, Reply, Request};

/// A service at a loopback port, which answers as it is told and keeps what it took.
struct Double {
    http: HttpDouble,
    reply: Arc<Mutex<Reply>>,
    taken: Arc<Mutex<Vec<Request>>>,
    then: Arc<Mutex<Option<(usize, Reply)>>>,
}

fn ok(body: &str) -> Reply {
    Reply::Answer(200, Vec::new(), body.to_owned())
}

impl Double {
    fn start(reply: Reply) -> Self {
        let (reply, taken) = (Arc::new(Mutex::new(reply)), Arc::<Mutex<Vec<Request>>>::default());
        let then = Arc::<Mutex<Option<(usize, Reply)>>>::default();
        let (said, seen, next) = (Arc::clone(&reply), Arc::clone(&taken), Arc::clone(&then));
        let http = HttpDouble::start(move |request| {
            let reply = said.lock().unwrap().clone();
            if matches!(reply, Reply::Answer(200..300, ..)) {
                let mut seen = seen.lock().unwrap();
                seen.push(request.clone());
                if let Some((_, other)) = next.lock().unwrap().take_if(|(count, _)| *count == seen.len()) {
                    *said.lock().unwrap() = other;
                }
            }
            reply
        });
        Self {
            http,
            reply,
            taken,
            then,
        }
    }

    /// Once it has taken so many, it answers so.
    fn after(&self, count: usize, reply: Reply) {
        *self.then.lock().unwrap() = Some((count, reply));
    }

    fn set(&self, reply: Reply) {
        *self.reply.lock().unwrap() = reply;
    }

    fn taken(&self) -> Vec<(Request, Value)> {
        let taken = self.taken.lock().unwrap();
        let read = |request: &Request| serde_json::from_slice(&request.body).unwrap();
        taken.iter().map(|request| (request.clone(), read(request))).collect()
    }
}

/// A channel of a kind at a double's address.
fn channel(kind: &str, double: &Double) -> Alerting {
    let base = double.http.url();
    let more = match kind {
        "slack" | "teams" => json!({"url": format!("{base}/services/T0/SECRETPATH")}),
        "mattermost" => json!({"url": format!("{base}/hooks/SECRETPATH")}),
        "discord" => json!({"url": format!("{base}/api/webhooks/1/SECRETPATH")}),
        "ntfy" => json!({"url": format!("{base}/SECRET-topic"), "token": "tk_SECRET"}),
        "gotify" => json!({"url": format!("{base}/gotify/"), "token": "SECRETAPP"}),
        "matrix" => json!({"url": base, "token": "syt_SECRET", "chat": "!room/1:example.org"}),
        "pagerduty" => json!({"url": format!("{base}/v2/enqueue"), "token": "SECRETKEY"}),
        other => panic!("no such kind: {other}"),
    };
    let mut channel = json!({"name": "ops", "kind": kind, "timezone": "UTC", "timeout": "5s"});
    for (key, value) in more.as_object().unwrap() {
        channel[key] = value.clone();
    }
    alerting(json!({ "channel": [channel], "route": [{"channels": ["ops"]}] }))
}

async fn send(alerting: &Alerting, event: &Event) -> Result<(), NotifyError> {
    let body = told(alerting, event).remove(0).1;
    let notifier = Arc::clone(&alerting.connect().unwrap()[0].notifier);
    deliver(&notifier, &body).await
}

/// What a kind's double took of an event.
async fn taken(kind: &str, reply: &str, event: &Event) -> (Request, Value) {
    let double = Double::start(ok(reply));
    send(&channel(kind, &double), event).await.unwrap();
    let mut taken = double.taken();
    assert_eq!(taken.len(), 1, "{taken:?}");
    taken.remove(0)
}

const TEXT: &str = "HIGH: Port scanner started\nanna process-started nmap\nweb-1, 2026-11-20 22:41:07, #7";

#[tokio::test]
async fn chats_get_the_text() {
    let (request, body) = taken("slack", "ok", &detection()).await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/services/T0/SECRETPATH")
    );
    assert_eq!(
        body,
        json!({"text": TEXT, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false})
    );
    let (request, body) = taken("mattermost", "ok", &detection()).await;
    assert_eq!(request.path, "/hooks/SECRETPATH");
    assert_eq!(body, json!({ "text": TEXT }));
    let (request, body) = taken("discord", r#"{"id": "1"}"#, &detection()).await;
    assert_eq!(
        request.path, "/api/webhooks/1/SECRETPATH?wait=true",
        "or it answers before it has the message"
    );
    assert_eq!(
        body,
        json!({"content": TEXT, "allowed_mentions": {"parse": []}, "flags": 4})
    );
    let (_, body) = taken("teams", "1", &detection()).await;
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let lines = attachment["content"]["body"].as_array().unwrap();
    let text: Vec<&str> = lines
        .iter()
        .map(|line| line["inlines"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(text.join("\n"), TEXT);
    assert!(lines.iter().all(|line| line["type"] == "RichTextBlock"));
}

#[tokio::test]
async fn services_that_push_get_title_and_priority() {
    let rest = TEXT.split_once('\n').unwrap().1;
    let (request, body) = taken("ntfy", r#"{"id": "x", "event": "message"}"#, &detection()).await;
    assert_eq!(
        (request.path.as_str(), request.headers["authorization"].as_str()),
        ("/", "Bearer tk_SECRET")
    );
    assert_eq!(
        body,
        json!({"topic": "SECRET-topic", "title": "HIGH: Port scanner started", "message": rest, "priority": 4})
    );
    let (request, body) = taken("gotify", r#"{"id": 5}"#, &detection()).await;
    assert_eq!(
        (request.path.as_str(), request.headers["x-gotify-key"].as_str()),
        ("/gotify/message", "SECRETAPP")
    );
    assert_eq!(
        body,
        json!({"title": "HIGH: Port scanner started", "message": rest, "priority": 8})
    );
}

#[tokio::test]
async fn a_room_of_matrix_gets_the_same_message_once() {
    let double = Double::start(ok(r#"{"event_id": "$1"}"#));
    let alerting = channel("matrix", &double);
    send(&alerting, &detection()).await.unwrap();
    // An answer that was lost: it is sent again.
    send(&alerting, &detection()).await.unwrap();
    let taken = double.taken();
    let (request, body) = &taken[0];
    assert_eq!(
        (request.method.as_str(), request.headers["authorization"].as_str()),
        ("PUT", "Bearer syt_SECRET")
    );
    let before = "/_matrix/client/v3/rooms/!room%2F1:example.org/send/m.room.message/";
    assert!(request.path.starts_with(before), "{}", request.path);
    assert_eq!(request.path, taken[1].0.path, "so the homeserver knows that it has it");
    assert_eq!(*body, json!({"msgtype": "m.text", "body": TEXT, "m.mentions": {}}));
    let other = detection().with("user.name", "bob");
    let other = Event {
        position: 90_200,
        ..other
    };
    send(&alerting, &other).await.unwrap();
    assert_ne!(double.taken()[2].0.path, request.path);
}

#[tokio::test]
async fn an_incident_is_one_for_each_alert() {
    let (request, body) = taken("pagerduty", r#"{"status": "success"}"#, &detection()).await;
    assert_eq!(request.path, "/v2/enqueue");
    assert_eq!(
        (body["routing_key"].as_str(), body["event_action"].as_str()),
        (Some("SECRETKEY"), Some("trigger"))
    );
    assert_eq!(body["dedup_key"], "c0ffee");
    let payload = &body["payload"];
    assert_eq!(payload["summary"], TEXT);
    assert_eq!(
        (payload["severity"].as_str(), payload["source"].as_str()),
        (Some("error"), Some("web-1"))
    );
    assert_eq!(payload["timestamp"], TIME);
}

/// Whoever writes a log line chooses its words; none of them may call people, hide an address behind a text, or show
/// otherwise than it is.
#[tokio::test]
async fn a_log_line_calls_nobody() {
    let name = "<!channel> @all Ⓐ@here @here root@example.org [x](http://evil.example) *a* `b` <@U1> & c_d";
    let event = detection().with("rule.name", name);
    let (_, slack) = taken("slack", "ok", &event).await;
    let text = slack["text"].as_str().unwrap();
    assert!(
        text.contains("&lt;!channel&gt;") && text.contains("&lt;@U1&gt; &amp; c_d"),
        "{text}"
    );
    assert!(!text.contains('<'), "{text}");
    for (kind, reply) in [("mattermost", "ok"), ("discord", r#"{"id": "1"}"#)] {
        let (_, body) = taken(kind, reply, &event).await;
        let text = body["text"].as_str().or(body["content"].as_str()).unwrap();
        assert!(
            text.contains("@\u{200b}all Ⓐ@\u{200b}here @\u{200b}here root@example.org"),
            "{text}"
        );
        assert!(text.contains(r"\[x\](http://evil.example) \*a\* \`b\` \<@"), "{text}");
    }
}

#[tokio::test]
async fn what_an_operator_writes_in_a_template_keeps_its_markup() {
    let double = Double::start(ok("ok"));
    let url = format!("{}/hooks/x", double.http.url());
    let alerting = alerting(json!({
        "channel": [{"name": "ops", "kind": "mattermost", "url": url, "template": "**{{ rule.name }}** @here"}],
        "route": [{"channels": ["ops"]}],
    }));
    send(&alerting, &detection().with("rule.name", "a*b")).await.unwrap();
    assert_eq!(double.taken()[0].1["text"], r"**a\*b** @here");
}

#[tokio::test]
async fn a_long_text_goes_in_parts_and_only_the_rest_again() {
    let double = Double::start(ok(r#"{"id": "1"}"#));
    let url = format!("{}/api/webhooks/1/x", double.http.url());
    let alerting = alerting(json!({
        "channel": [{"name": "ops", "kind": "discord", "url": url, "template": "{{ long }}"}],
        "route": [{"channels": ["ops"]}],
    }));
    let long: Vec<String> = (0..12).map(|n| format!("{n}").repeat(500)).collect();
    let event = detection().with("long", json!(long));
    let body = told(&alerting, &event).remove(0).1;
    let notifier = Arc::clone(&alerting.connect().unwrap()[0].notifier);
    double.after(1, Reply::Answer(503, Vec::new(), String::new()));
    assert!(matches!(
        deliver(&notifier, &body).await,
        Err(NotifyError::Later { .. })
    ));
    assert_eq!(double.taken().len(), 1);
    double.set(ok(r#"{"id": "1"}"#));
    deliver(&notifier, &body).await.unwrap();
    let parts: Vec<String> = double
        .taken()
        .iter()
        .map(|(_, body)| body["content"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        parts.len() > 2 && parts.iter().all(|part| part.chars().count() <= 2_000),
        "{}",
        parts.len()
    );
    assert_eq!(parts.join(" "), long.join(", "));
}

fn outcome(result: Result<(), NotifyError>) -> (bool, Option<u128>, String) {
    match result.unwrap_err() {
        NotifyError::Later { after, reason } => (true, after.map(|after| after.as_millis()), reason),
        NotifyError::Never { reason } => (false, None, reason),
    }
}

#[tokio::test]
async fn each_answer_means_later_or_never() {
    let page = "<html>Log in to this network; you asked for something else</html>";
    let kinds = [
        "slack",
        "mattermost",
        "discord",
        "ntfy",
        "gotify",
        "matrix",
        "pagerduty",
        "teams",
    ];
    for kind in kinds {
        let double = Double::start(ok(page));
        let alerting = channel(kind, &double);
        let answer = |status, body: &str| Reply::Answer(status, Vec::new(), body.to_owned());
        let echo = match kind {
            "ntfy" => "SECRET-topic tk_SECRET",
            "gotify" => "SECRETAPP",
            "matrix" => "syt_SECRET",
            "pagerduty" => "SECRETKEY",
            _ => "no such hook: SECRETPATH",
        };
        let mut cases = vec![
            (ok(page), true, None),
            (answer(400, "bad"), false, None),
            (answer(403, echo), true, None),
            (answer(404, "no such hook"), true, None),
            (answer(429, r#"{"retry_after_ms": 1500}"#), true, Some(1_500)),
            (
                answer(429, r#"{"message": "slow down", "retry_after": 0.25}"#),
                true,
                Some(250),
            ),
            (answer(500, ""), true, None),
            (Reply::Close, true, None),
        ];
        // Of the address or the key: somebody will put it right.
        let of_address = match kind {
            "mattermost" => r#"{"id": "web.incoming_webhook.invalid.app_error"}"#,
            "slack" => "user_not_found",
            "pagerduty" => r#"{"errors": ["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#,
            _ => "",
        };
        cases.push((answer(400, of_address), !of_address.is_empty(), None));
        for (reply, later, after) in cases {
            double.set(reply.clone());
            let (is_later, wait, reason) = outcome(send(&alerting, &detection()).await);
            assert_eq!((is_later, wait), (later, after), "{kind} {reply:?}: {reason}");
            assert!(!reason.contains("SECRET"), "{kind}: {reason}");
        }
    }
}

/// What was queued while the channel was of another kind is not lost.
#[tokio::test]
async fn a_text_of_an_earlier_configuration_is_sent_as_it_is() {
    let double = Double::start(ok(r#"{"status": "success"}"#));
    let alerting = channel("pagerduty", &double);
    let notifier = Arc::clone(&alerting.connect().unwrap()[0].notifier);
    deliver(&notifier, "disk full on web-1").await.unwrap();
    let (_, body) = double.taken().remove(0);
    assert_eq!(body["payload"]["summary"], "disk full on web-1");
    assert_eq!(body["payload"]["source"], "unknown");
    assert!(
        body.get("dedup_key").is_none() && body["payload"].get("timestamp").is_none(),
        "{body}"
    );

    // Written for another kind, or for none: names in it must call nobody here either.
    let double = Double::start(ok("ok"));
    let slack = channel("slack", &double);
    let notifier = Arc::clone(&slack.connect().unwrap()[0].notifier);
    deliver(&notifier, "<!channel> disk full").await.unwrap();
    assert_eq!(double.taken()[0].1["text"], "&lt;!channel&gt; disk full");
}
