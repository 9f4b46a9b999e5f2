//! Channels and routes that people make while the server runs.

use serde_json::{Value, json};

use crate::harness::{World, wait_for};
use crate::http::{self, Answer};
use crate::people::{marked, up, wait_texts};
use crate::telegram::{TOKEN, Telegram};

/// Asks as an administrator.
struct Admin {
    address: String,
    headers: String,
}

impl Admin {
    fn of(world: &World) -> Self {
        let key = world
            .run(&["token", "create", "--role", "admin", "--name", "test"])
            .ok()
            .stdout;
        Self {
            address: world.address(),
            headers: format!(
                "Authorization: Bearer {}\r\nContent-Type: application/json\r\n",
                key.trim()
            ),
        }
    }

    fn ask(&self, line: &str, body: &Value) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        http::request(
            &self.address,
            &format!("{method} /api/v1{path}"),
            &self.headers,
            body.as_bytes(),
        )
    }

    fn channels(&self) -> Value {
        self.ask("GET /channels", &Value::Null).body
    }
}

#[test]
fn a_channel_made_while_the_server_runs_is_told_at_once_and_after_a_restart() {
    let world = World::new();
    let telegram = Telegram::start();
    let running = up(&world, "");
    let admin = Admin::of(&world);
    let tried = admin.ask("POST /channels/try", &json!({"settings": telegram.settings()}));
    assert_eq!(
        (tried.status, tried.body),
        (200, json!({"tried": [{"channel": "ops"}]}))
    );
    wait_texts(&telegram, 1);

    let made = admin.ask("POST /channels", &json!({"settings": telegram.settings()}));
    assert_eq!(made.status, 200, "{made:?}");
    assert_eq!(
        (&made.body["version"], &made.body["secrets"]),
        (&1.into(), &json!(["token"]))
    );
    assert!(!made.body.to_string().contains(TOKEN), "{made:?}");
    marked(&world, 0..1);
    let texts = wait_texts(&telegram, 2);
    assert!(texts[1].contains("marked 0"), "{texts:?}");

    // Another text; the token stays.
    let mut settings = telegram.settings();
    settings.as_object_mut().unwrap().remove("token");
    settings["template"] = "{{ rule.name }} again".into();
    let changed = admin.ask("PUT /channels/ops", &json!({"settings": settings, "version": 1}));
    assert_eq!(
        (changed.status, &changed.body["version"]),
        (200, &2.into()),
        "{changed:?}"
    );
    let late = admin.ask("PUT /channels/ops", &json!({"settings": settings, "version": 1}));
    assert_eq!(
        (late.status, &late.body["error"]["code"]),
        (409, &"changed".into()),
        "{late:?}"
    );
    running.kill();
    let running = up(&world, "");
    let routes = json!({"routes": [{"channels": ["ops"], "group": "none", "rate": "none"}], "version": 0});
    let saved = admin.ask("PUT /routes", &routes);
    assert_eq!((saved.status, &saved.body["version"]), (200, &1.into()), "{saved:?}");
    marked(&world, 1..3);
    let texts = wait_texts(&telegram, 4);
    assert_eq!(texts[2..], ["Marked line again", "Marked line again"]);
    assert_sealed(&world);

    let gone = admin.ask("DELETE /channels/ops?version=2", &Value::Null);
    assert_eq!(
        (gone.status, &gone.body["error"]["code"]),
        (409, &"in_use".into()),
        "a route names it"
    );
    admin.ask("PUT /routes", &json!({"routes": [], "version": 1}));
    assert_eq!(admin.ask("DELETE /channels/ops?version=2", &Value::Null).status, 204);
    assert_eq!(
        admin.channels()["channels"][0]["kind"],
        Value::Null,
        "only its messages are left"
    );
    running.stop();
}

/// The token lies nowhere in the data folder as it is.
fn assert_sealed(world: &World) {
    let found = std::process::Command::new("grep")
        .args(["-rlaF", TOKEN])
        .arg(world.path("data"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}

#[test]
fn mistakes_in_channels_and_routes_name_their_key() {
    let world = World::new();
    let telegram = Telegram::start();
    let running = up(&world, &telegram.channel(""));
    let admin = Admin::of(&world);
    let secret = world.write("secret.txt", "of the server alone");
    let mistakes = [
        (json!({"name": "ops"}), 400, "kind"),
        (json!({"name": "x", "kind": "telegram", "chat": "1"}), 400, "token"),
        (
            json!({"name": "x", "kind": "telegram", "token": format!("@{}", secret.display()), "chat": "1"}),
            400,
            "token",
        ),
        (
            json!({"name": "x", "kind": "webhook", "url": "http://203.0.113.9/"}),
            400,
            "url",
        ),
        (
            json!({"name": "x", "kind": "script", "command": ["/bin/true"]}),
            400,
            "kind",
        ),
        (
            json!({"name": "x", "kind": "slack", "url": "https://example.org/x", "template": "{{"}),
            400,
            "template",
        ),
        (telegram.settings(), 409, "name"),
    ];
    for (settings, status, key) in mistakes {
        let answer = admin.ask("POST /channels", &json!({ "settings": settings }));
        assert_eq!(
            (answer.status, &answer.body["error"]["details"]["key"]),
            (status, &key.into()),
            "{settings}: {answer:?}"
        );
        assert!(!answer.body.to_string().contains("of the server alone"), "{answer:?}");
    }
    for (route, key) in [
        (json!({"channels": ["nobody"]}), "route[0].channels"),
        (json!({"channels": ["ops"], "when": "a:("}), "route[0].when"),
        (json!({"channels": ["ops"], "sometimes": true}), "route[0]"),
    ] {
        let answer = admin.ask("PUT /routes", &json!({"routes": [route], "version": 0}));
        assert_eq!(
            (answer.status, &answer.body["error"]["details"]["key"]),
            (400, &key.into()),
            "{route}: {answer:?}"
        );
    }
    running.stop();
}

#[test]
fn what_stands_in_the_configuration_stays_there_and_words_can_be_looked_at_first() {
    let world = World::new();
    let telegram = Telegram::start();
    let running = up(&world, &telegram.channel(""));
    let admin = Admin::of(&world);
    let configured = admin.ask("DELETE /channels/ops?version=1", &Value::Null);
    assert_eq!(configured.status, 404);
    assert!(configured.body.to_string().contains("configuration"), "{configured:?}");
    let preview = json!({"settings": {"kind": "email", "template": "say {{ rule.name }}"}, "alert": 1});
    assert_eq!(
        admin.ask("POST /channels/preview", &preview).status,
        404,
        "there is no alert yet"
    );
    marked(&world, 0..1);
    let said = wait_for("the alert", || {
        let answer = admin.ask("POST /channels/preview", &preview);
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(format!("{answer:?}"))
        }
    });
    assert_eq!(said, json!({"text": "say Marked line"}));
    running.stop();
}
