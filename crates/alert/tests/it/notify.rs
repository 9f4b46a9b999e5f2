//! One attempt at a time, over real sockets: what is sent, and what each answer means.

use std::time::Duration;

use serde_json::{Value, json};
use watchpost_alert::{AlertSections, Alerting, NotifyError};

use crate::common::{TOKEN, deliver, notifier, telegram};
use crate::doubles::{HttpDouble, Mode, Reply, TelegramDouble, WebhookDouble};

fn answer(status: u16, body: &str) -> Reply {
    Reply::Answer(status, Vec::new(), body.to_owned())
}

fn webhook(url: &str) -> Value {
    json!({
        "name": "hook", "kind": "webhook", "url": format!("{url}/in/SECRETPATH?key=SECRETKEY"),
        "token": "SECRETBEARER", "headers": {"X-Api-Key": "SECRETHEADER"}, "timeout": "5s",
    })
}

/// (worth another attempt, how long to wait, why)
fn outcome(error: NotifyError) -> (bool, Option<u64>, String) {
    match error {
        NotifyError::Later { after, reason } => (true, after.map(|after| after.as_secs()), reason),
        NotifyError::Never { reason } => (false, None, reason),
    }
}

#[tokio::test]
async fn a_message_is_sent_as_the_bot_api_wants_it() {
    let api = TelegramDouble::start(TOKEN);
    deliver(&telegram(&api.url(), json!({})), "Привет, <b> & _x_")
        .await
        .unwrap();
    deliver(
        &telegram(
            &api.url(),
            json!({"thread": 7, "chat": "@my_channel", "buttons": false}),
        ),
        "two",
    )
    .await
    .unwrap();
    let arrived = api.arrived();
    assert_eq!(
        arrived[0].body,
        json!({
            "chat_id": -100_123, "text": "Привет, <b> & _x_", "link_preview_options": {"is_disabled": true},
            "reply_markup": {"inline_keyboard": [[
                {"text": "Acknowledge", "callback_data": "ack:7"},
                {"text": "Silence for 1 h", "callback_data": "silence:7"},
            ]]},
        })
    );
    assert_eq!(
        (arrived[1].chat.clone(), arrived[1].thread),
        (json!("@my_channel"), Some(7))
    );
    assert_eq!(api.requests(), 2);
}

#[tokio::test]
async fn each_answer_of_the_bot_api_means_later_or_never() {
    let api = TelegramDouble::start(TOKEN);
    let bot = telegram(&api.url(), json!({}));
    for (mode, again, after, part) in [
        (Mode::TooMany(3), true, Some(3), "retry after 3"),
        (Mode::Fail(500, "Internal Server Error"), true, None, "500"),
        (Mode::Fail(502, "Bad Gateway"), true, None, "Bad Gateway"),
        (Mode::Fail(401, "Unauthorized"), true, None, "check `token`"),
        (Mode::Fail(404, "Not Found"), true, None, "check `token`"),
        (
            Mode::Fail(403, "Forbidden: bot was kicked from the supergroup chat"),
            false,
            None,
            "bot was kicked",
        ),
        (
            Mode::Fail(400, "Bad Request: chat not found"),
            false,
            None,
            "chat not found",
        ),
        (Mode::Page(404), true, None, "check `token`"),
        (Mode::Page(200), true, None, "not the Bot API"),
        (Mode::Page(302), true, None, "302"),
        (Mode::Refuse, true, None, "cannot be reached"),
    ] {
        api.set(mode.clone());
        let (is_later, wait, reason) = outcome(deliver(&bot, "text").await.unwrap_err());
        assert_eq!((is_later, wait), (again, after), "{mode:?}: {reason}");
        assert!(reason.contains(part), "{mode:?}: {reason}");
        assert!(!reason.contains("secret_Token"), "{mode:?}: {reason}");
    }
    api.set(Mode::Up);
    deliver(&bot, "text").await.unwrap();
    let wrong = telegram(&api.url(), json!({"token": "9:other_secret"}));
    let (again, _, reason) = outcome(deliver(&wrong, "text").await.unwrap_err());
    assert!(
        again && reason.contains("check `token`") && !reason.contains("other_secret"),
        "{reason}"
    );
    assert_eq!(api.texts(), ["text"]);
}

#[tokio::test]
async fn no_answer_in_time_means_later() {
    let api = TelegramDouble::start(TOKEN);
    api.set(Mode::Hang);
    let bot = telegram(&api.url(), json!({"timeout": "200ms"}));
    let (again, _, reason) = outcome(deliver(&bot, "text").await.unwrap_err());
    assert!(again && reason.contains("no answer in time"), "{reason}");
    assert!(!reason.contains("secret_Token"), "{reason}");
}

#[tokio::test]
async fn a_long_text_goes_as_several_messages() {
    let api = TelegramDouble::start(TOKEN);
    let text: String = (0..2_000).map(|n| format!("строка {n}\n")).collect::<Vec<_>>().concat();
    deliver(&telegram(&api.url(), json!({})), &text).await.unwrap();
    let texts = api.texts();
    assert!(texts.len() > 5, "{}", texts.len());
    assert_eq!(texts.join("\n"), text.trim());
}

#[tokio::test]
async fn of_a_text_partly_sent_only_the_rest_is_sent_again() {
    let api = TelegramDouble::start(TOKEN);
    let bot = telegram(&api.url(), json!({}));
    let text = ["a".repeat(4_096), "b".repeat(4_096), "c".repeat(10)].join("\n");
    api.after(1, Mode::Fail(500, "Internal Server Error"));
    assert!(outcome(deliver(&bot, &text).await.unwrap_err()).0);
    assert_eq!(api.texts().len(), 1);
    api.set(Mode::Up);
    api.after(1, Mode::TooMany(1));
    assert_eq!(outcome(deliver(&bot, &text).await.unwrap_err()).1, Some(1));
    api.set(Mode::Up);
    deliver(&bot, &text).await.unwrap();
    assert_eq!(api.texts().join("\n"), text);
    // Once it was delivered, the same text is a new message.
    deliver(&bot, &text).await.unwrap();
    assert_eq!(api.texts().len(), 6);
}

#[tokio::test]
async fn a_group_that_moved_is_followed() {
    let api = TelegramDouble::start(TOKEN);
    api.migrate(-100_123, -100_999);
    let bot = telegram(&api.url(), json!({}));
    deliver(&bot, "one").await.unwrap();
    deliver(&bot, "two").await.unwrap();
    let chats: Vec<Value> = api.arrived().into_iter().map(|arrived| arrived.chat).collect();
    assert_eq!(chats, [json!(-100_999), json!(-100_999)]);
    assert_eq!(api.requests(), 3, "the second message goes to the new number at once");
    // A chat that moves in a circle does not hold the channel for ever.
    api.migrate(-100_999, -100_123);
    assert!(outcome(deliver(&bot, "three").await.unwrap_err()).0);
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_never_sees_the_token() {
    let (seen, heard) = std::sync::mpsc::sync_channel(10);
    let proxy = HttpDouble::start(move |request| {
        seen.send(format!("{request:?}")).unwrap();
        answer(502, "no")
    });
    let with_password = proxy.url().replace("http://", "http://user:SECRETPROXY@");
    let bot = telegram("https://api.example.org", json!({"proxy": with_password}));
    let (again, _, reason) = outcome(deliver(&bot, "text").await.unwrap_err());
    let asked = heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(
        asked.contains("CONNECT") && asked.contains("api.example.org:443"),
        "{asked}"
    );
    assert!(!asked.contains("secret_Token"), "{asked}");
    assert!(
        again && !reason.contains("SECRET") && !reason.contains("secret_Token"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_webhook_gets_json_with_its_token_and_headers() {
    let hook = WebhookDouble::start();
    deliver(&notifier(webhook(&hook.url())), r#"{"a":1}"#).await.unwrap();
    let request = hook.taken().remove(0);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/in/SECRETPATH?key=SECRETKEY")
    );
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["authorization"], "Bearer SECRETBEARER");
    assert_eq!(request.headers["x-api-key"], "SECRETHEADER");
    assert!(request.headers["user-agent"].starts_with("watchpost/"));
    assert_eq!(hook.bodies(), [json!({"a": 1, "alert": 7})]);
    assert!(!request.headers.contains_key("webhook-signature"));
}

/// As a receiver would check it: HMAC-SHA-256 over id, time and body.
#[tokio::test]
async fn a_webhook_is_signed_where_a_secret_is_set() {
    let hook = WebhookDouble::start();
    let mut channel = webhook(&hook.url());
    channel["secret"] = json!("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    deliver(
        &notifier(channel.clone()),
        r#"{"id":"server/01/detect@5.0","text":"a"}"#,
    )
    .await
    .unwrap();
    let request = hook.taken().remove(0);
    let (id, time) = (&request.headers["webhook-id"], &request.headers["webhook-timestamp"]);
    assert_eq!(
        (id.as_str(), time.as_str()),
        ("server/01/detect@5_0", "1795214467"),
        "a point parts what is signed"
    );
    let body = String::from_utf8(request.body.clone()).unwrap();
    let script = "import base64,hashlib,hmac,sys\nkey=base64.b64decode(sys.argv[1])\n\
                  print('v1,'+base64.b64encode(hmac.new(key,sys.argv[2].encode(),hashlib.sha256).digest()).decode())";
    let signed = std::process::Command::new("python3")
        .args([
            "-c",
            script,
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            &format!("{id}.{time}.{body}"),
        ])
        .output()
        .unwrap();
    assert_eq!(
        request.headers["webhook-signature"],
        String::from_utf8(signed.stdout).unwrap().trim()
    );
    channel["secret"] = json!("short");
    let sections: AlertSections = serde_json::from_value(json!({ "channel": [channel] })).unwrap();
    let error = watchpost_kit::chain(&Alerting::try_from(sections).unwrap_err());
    assert!(
        error.contains("channel[0].secret") && !error.contains("short:"),
        "{error}"
    );
}

#[tokio::test]
async fn each_answer_of_a_webhook_means_later_or_never() {
    let hook = WebhookDouble::start();
    let notifier = notifier(webhook(&hook.url()));
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    let echo = "you sent /in/SECRETPATH?key=SECRETKEY with Bearer SECRETBEARER and SECRETHEADER\n\u{202e}";
    for (reply, again, after) in [
        (answer(408, echo), true, None),
        (answer(425, echo), true, None),
        (
            Reply::Answer(429, header("Retry-After", "7"), String::new()),
            true,
            Some(7),
        ),
        (
            Reply::Answer(503, header("Retry-After", "60"), echo.to_owned()),
            true,
            Some(60),
        ),
        (
            Reply::Answer(
                503,
                header("Retry-After", "Fri, 01 Jan 2027 00:00:00 GMT"),
                String::new(),
            ),
            true,
            None,
        ),
        (answer(500, echo), true, None),
        (Reply::Close, true, None),
        (answer(400, echo), false, None),
        (answer(401, echo), true, None),
        (answer(404, echo), true, None),
        (answer(410, echo), true, None),
        (answer(413, &"x".repeat(3 << 20)), false, None),
        (
            Reply::Answer(302, header("Location", "http://127.0.0.1:1/"), String::new()),
            true,
            None,
        ),
    ] {
        hook.set(reply.clone());
        let (is_later, wait, reason) = outcome(deliver(&notifier, "{}").await.unwrap_err());
        assert_eq!((is_later, wait), (again, after), "{reason}");
        assert!(!reason.contains("SECRET") && reason.chars().count() < 400, "{reason}");
        assert!(!reason.contains('\n') && !reason.contains('\u{202e}'), "{reason}");
    }
    hook.listen(false);
    let (again, _, reason) = outcome(deliver(&notifier, "{}").await.unwrap_err());
    assert!(
        again && reason.contains("cannot be reached") && !reason.contains("SECRET"),
        "{reason}"
    );
    hook.listen(true);
    hook.set(answer(201, "created"));
    deliver(&notifier, "{}").await.unwrap();
    assert_eq!(hook.taken().len(), 1);
}
