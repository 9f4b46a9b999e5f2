//! Configurations that cannot be used say which key, why, and what would do; secrets are never shown.
#![expect(clippy::needless_pass_by_value, reason = "callers write json!(…) in place")]

use serde_json::{Value, json};
use watchpost_alert::{AlertSections, Alerting};
use watchpost_kit::chain;

fn telegram() -> Value {
    json!({"name": "ops", "kind": "telegram", "token": "123456:AAE-secret_Token", "chat": "-100123"})
}

fn webhook() -> Value {
    json!({
        "name": "hook", "kind": "webhook", "url": "https://example.org/services/T0/SECRETPATH?key=SECRETKEY",
        "token": "SECRETBEARER", "headers": {"x-api-key": "SECRETHEADER"},
    })
}

fn with(mut channel: Value, key: &str, value: Value) -> Value {
    channel[key] = value;
    channel
}

fn read(sections: Value) -> Result<Alerting, String> {
    let sections: AlertSections = serde_json::from_value(sections).map_err(|error| error.to_string())?;
    Alerting::try_from(sections).map_err(|error| chain(&error))
}

/// The refusal of a channel.
fn refused(channel: Value) -> String {
    read(json!({ "channel": [channel] })).unwrap_err()
}

#[test]
fn empty_and_usual_configurations_are_valid() {
    assert_eq!(read(json!({})).unwrap().channel_names().count(), 0);
    let route = json!({"when": "rule.level:high", "channels": ["ops", "hook"], "group": "none"});
    let alerting = read(json!({"channel": [telegram(), webhook()], "route": [route]})).unwrap();
    assert_eq!(alerting.channel_names().collect::<Vec<_>>(), ["ops", "hook"]);
    for (key, value) in [
        ("chat", json!(-100_123)),
        ("chat", json!("@my_channel")),
        ("thread", json!(7)),
        ("api_url", json!("http://127.0.0.1:8081/")),
        ("api_url", json!("http://[::1]:8081")),
        ("api_url", json!("http://localhost:8081")),
        ("proxy", json!("http://user:password@proxy.example.org:3128")),
        ("timezone", json!("Europe/Moscow")),
        ("timeout", json!("30s")),
        ("template", json!("{{ time }}")),
    ] {
        read(json!({"channel": [with(telegram(), key, value.clone())]}))
            .unwrap_or_else(|error| panic!("{value}: {error}"));
    }
    read(json!({"channel": [with(with(webhook(), "url", json!("http://10.0.0.7/x")), "insecure", json!(true))]}))
        .unwrap();
}

#[test]
fn keys_and_kinds_that_are_not_there_yet_name_those_that_are() {
    let error = refused(with(telegram(), "quiet", json!("22-07")));
    assert!(
        error.contains("unknown field `quiet`") && error.contains("`template`"),
        "{error}"
    );
    let error = refused(with(telegram(), "kind", json!("pigeon")));
    assert!(
        error.contains("unknown variant `pigeon`") && error.contains("`webhook`"),
        "{error}"
    );
}

#[test]
fn a_mistake_in_a_telegram_channel_names_its_key_and_the_remedy() {
    mistakes_are_named([
        (json!({"name": "x"}), ["channel[0].kind", "\"telegram\" or \"webhook\""]),
        (json!({"kind": "telegram"}), ["channel[0].name", "is missing"]),
        (with(telegram(), "name", json!("a\nb")), ["channel[0].name", "control"]),
        (with(telegram(), "token", json!("")), ["channel[0].token", "@BotFather"]),
        (
            with(telegram(), "token", json!("a/b:c")),
            ["channel[0].token", "@BotFather"],
        ),
        (with(telegram(), "chat", json!("")), ["channel[0].chat", "-100123"]),
        (
            with(telegram(), "chat", json!("my channel")),
            ["channel[0].chat", "@name"],
        ),
        (
            with(telegram(), "api_url", json!("http://10.0.0.7")),
            ["channel[0].api_url", "https://"],
        ),
        (
            with(telegram(), "api_url", json!("ftp://example.org")),
            ["channel[0].api_url", "https://"],
        ),
        (
            with(telegram(), "proxy", json!("socks5://p:1")),
            ["channel[0].proxy", "http://proxy"],
        ),
        (
            with(telegram(), "timezone", json!("Moscow")),
            ["channel[0].timezone", "Europe/Moscow"],
        ),
        (with(telegram(), "timeout", json!("1h")), ["channel[0].timeout", "5m"]),
        (with(telegram(), "ca", json!("nonsense")), ["channel[0].ca", "PEM"]),
        (
            with(telegram(), "template", json!("{{ user.name")),
            ["channel[0].template", "syntax error"],
        ),
        (
            with(telegram(), "template", json!("{{ user.name|nosuch }}")),
            ["channel[0].template", "unknown filter"],
        ),
        (
            with(
                telegram(),
                "template",
                json!("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}"),
            ),
            ["channel[0].template", "fuel"],
        ),
        (
            with(telegram(), "url", json!("https://x.org")),
            ["channel[0].url", "chat"],
        ),
        (
            with(telegram(), "insecure", json!(true)),
            ["channel[0].insecure", "telegram"],
        ),
    ]);
}

#[test]
fn a_mistake_in_a_webhook_names_its_key_and_the_remedy() {
    mistakes_are_named([
        (with(webhook(), "chat", json!("-1")), ["channel[0].chat", "url"]),
        (with(webhook(), "url", json!("")), ["channel[0].url", "is missing"]),
        (
            with(webhook(), "url", json!("http://10.0.0.7/x")),
            ["channel[0].url", "insecure = true"],
        ),
        (
            with(webhook(), "headers", json!({"a b": "c"})),
            ["channel[0].headers.a b", "header's name"],
        ),
        (
            with(webhook(), "headers", json!({"a": "b\nc"})),
            ["channel[0].headers.a", "characters"],
        ),
        (
            with(webhook(), "headers", json!({"authorization": "x"})),
            ["channel[0].headers.authorization", "token"],
        ),
    ]);
}

/// Each refusal says both parts: where, and what would do.
fn mistakes_are_named<const N: usize>(mistakes: [(Value, [&str; 2]); N]) {
    for (channel, parts) in mistakes {
        let error = refused(channel);
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    }
}

#[test]
fn a_mistake_in_a_service_names_its_key_and_the_remedy() {
    let service = |kind: &str, more: Value| {
        let mut channel = json!({"name": "ops", "kind": kind});
        for (key, value) in more.as_object().unwrap() {
            channel[key] = value.clone();
        }
        channel
    };
    let url = json!({"url": "https://example.org/x"});
    mistakes_are_named([
        (service("slack", json!({})), ["channel[0].url", "hooks.slack.com"]),
        (
            service("slack", with(url.clone(), "token", json!("x"))),
            ["channel[0].token", "slack channel"],
        ),
        (
            service("discord", json!({"url": "http://10.0.0.7/x"})),
            ["channel[0].url", "insecure = true"],
        ),
        (
            service("ntfy", json!({"url": "https://ntfy.sh"})),
            ["channel[0].url", "ntfy.sh/your-topic"],
        ),
        (
            service("ntfy", json!({"url": "https://ntfy.sh/a b"})),
            ["channel[0].url", "holds no topic"],
        ),
        (service("gotify", url.clone()), ["channel[0].token", "application"]),
        (
            service("matrix", with(url.clone(), "token", json!("x"))),
            ["channel[0].chat", "!abc:example.org"],
        ),
        (
            service(
                "matrix",
                with(
                    with(url.clone(), "token", json!("x")),
                    "chat",
                    json!("#ops:example.org"),
                ),
            ),
            ["channel[0].chat", "!abc:example.org"],
        ),
        (
            service("matrix", with(url, "chat", json!("!a:b"))),
            ["channel[0].token", "access token"],
        ),
        (service("pagerduty", json!({})), ["channel[0].token", "integration key"]),
        (
            service("pagerduty", json!({"token": "a\nb", "headers": {"a": "b"}})),
            ["channel[0].headers", "pagerduty"],
        ),
    ]);
    read(json!({"channel": [service("pagerduty", json!({"token": "0123456789abcdef0123456789abcdef"}))]})).unwrap();
}

#[test]
fn a_mistake_in_an_email_channel_names_its_key_and_the_remedy() {
    let email = || {
        json!({
            "name": "mail", "kind": "email", "server": "smtps://mail.example.org", "from": "watch@example.org",
            "to": ["Ops <ops@example.org>"], "user": "watch", "password": "SECRETWORD",
        })
    };
    read(json!({"channel": [email()]})).unwrap();
    read(json!({"channel": [with(email(), "server", json!("smtp://[::1]:2525"))]})).unwrap();
    mistakes_are_named([
        (
            with(email(), "server", json!("")),
            ["channel[0].server", "smtps://mail.example.org"],
        ),
        (
            with(email(), "server", json!("mail.example.org")),
            ["channel[0].server", "smtps://"],
        ),
        (
            with(email(), "server", json!("https://mail.example.org")),
            ["channel[0].server", "smtps://"],
        ),
        (
            with(email(), "server", json!("smtps://a:SECRET@b.org")),
            ["channel[0].server", "`password`"],
        ),
        (
            with(email(), "server", json!("smtps://b.org/inbox")),
            ["channel[0].server", "smtps://"],
        ),
        (with(email(), "from", json!("")), ["channel[0].from", "is missing"]),
        (with(email(), "to", json!([])), ["channel[0].to", "is missing"]),
        (
            with(email(), "to", json!(["ops"])),
            ["channel[0].to", "\"ops\" is not an address"],
        ),
        (with(email(), "user", json!("")), ["channel[0].user", "is missing"]),
        (
            with(email(), "password", json!("")),
            ["channel[0].password", "is missing"],
        ),
        (with(email(), "chat", json!("1")), ["channel[0].chat", "email channel"]),
    ]);
}

#[test]
fn a_mistake_in_a_log_server_or_a_program_names_its_key_and_the_remedy() {
    let syslog = || json!({"name": "logs", "kind": "syslog", "url": "tls://logs.example.org"});
    let script = || json!({"name": "tool", "kind": "script", "command": ["/usr/local/bin/tell"]});
    for good in [
        syslog(),
        with(syslog(), "facility", json!("authpriv")),
        with(syslog(), "url", json!("udp://127.0.0.1")),
        with(syslog(), "url", json!("tcp://[::1]:1514")),
        with(with(syslog(), "url", json!("udp://10.0.0.7")), "insecure", json!(true)),
        script(),
    ] {
        read(json!({"channel": [good.clone()]})).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    mistakes_are_named([
        (
            with(syslog(), "url", json!("")),
            ["channel[0].url", "tls://logs.example.org"],
        ),
        (
            with(syslog(), "url", json!("logs.example.org:514")),
            ["channel[0].url", "tls://"],
        ),
        (
            with(syslog(), "url", json!("tcp://10.0.0.7")),
            ["channel[0].url", "insecure"],
        ),
        (
            with(syslog(), "url", json!("tls://logs.example.org/path")),
            ["channel[0].url", "a host and a port"],
        ),
        (
            with(syslog(), "facility", json!("local9")),
            ["channel[0].facility", "local7"],
        ),
        (with(syslog(), "token", json!("x")), ["channel[0].token", "facility"]),
        (
            with(script(), "command", json!([])),
            ["channel[0].command", "is missing"],
        ),
        (
            with(script(), "command", json!(["tell"])),
            ["channel[0].command", "no absolute path"],
        ),
        (
            with(script(), "url", json!("https://example.org")),
            ["channel[0].url", "command"],
        ),
        (
            with(webhook(), "command", json!(["/bin/true"])),
            ["channel[0].command", "is not for a webhook"],
        ),
    ]);
}

#[test]
fn two_channels_of_one_name_are_refused() {
    let both = json!({"channel": [telegram(), telegram()]});
    let error = read(both).unwrap_err();
    assert!(
        error.contains("channel[1].name") && error.contains("channel[0]"),
        "{error}"
    );
}

#[test]
fn routes_are_checked() {
    for (route, parts) in [
        (json!({"channels": ["opps"]}), ["route[0].channels", "\"ops\""]),
        (json!({"channels": []}), ["route[0].channels", "\"ops\""]),
        (json!({"when": "a:(", "channels": ["ops"]}), ["route[0].when", "^"]),
    ] {
        let error = read(json!({"channel": [telegram()], "route": [route]})).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} in {error}");
    }
    let error = read(json!({"route": [{"channels": ["ops"]}]})).unwrap_err();
    assert!(error.contains("[[channel]]"), "{error}");
}

#[test]
fn secrets_show_nowhere() {
    let proxied = with(
        telegram(),
        "proxy",
        json!("http://user:SECRETPROXY@proxy.example.org:3128"),
    );
    let sections: AlertSections = serde_json::from_value(json!({"channel": [proxied, webhook()]})).unwrap();
    let shown = format!("{sections:?} {}", serde_json::to_string(&sections).unwrap());
    let alerting = Alerting::try_from(sections).unwrap();
    let shown = format!("{shown} {alerting:?} {:?}", alerting.connect().unwrap());
    for (channel, key, value) in [
        (telegram(), "token", json!("SECRET/with:slash")),
        (
            telegram(),
            "api_url",
            json!("https://SECRETUSER:SECRETWORD@example.org"),
        ),
        (telegram(), "proxy", json!("SECRETPROXY")),
        (webhook(), "url", json!("http://10.0.0.7/SECRETPATH")),
        (webhook(), "url", json!("SECRETPATH")),
        (webhook(), "token", json!("SECRET\nBEARER")),
    ] {
        let error = refused(with(channel, key, value));
        assert!(!error.contains("SECRET") && !error.contains("secret_Token"), "{error}");
    }
    assert!(!shown.contains("SECRET") && !shown.contains("secret_Token"), "{shown}");
}
