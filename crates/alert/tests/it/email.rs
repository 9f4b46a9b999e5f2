//! E-mail, sent to a real mail server and taken apart by another program.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_alert::{Alerting, Attachment, NotifyError};

use crate::common::{alerting, deliver, detection, time, told};

const USER: &str = "watch";
const PASSWORD: &str = "SECRETWORD";

struct MailServer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The Python that `scripts/setup --test` made.
fn python() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let python = target.parent().unwrap().join("venv/bin/python");
    assert!(python.exists(), "{} is missing: run `make setup`", python.display());
    python
}

impl MailServer {
    fn start(mode: &str, user: &str, certificate: Option<&Certificate>) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mail_server.py");
        let mut command = Command::new(python());
        command.arg(script).args([mode, user, PASSWORD]);
        if let Some(certificate) = certificate {
            command.args([certificate.path("cert.pem"), certificate.path("key.pem")]);
        }
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        Self { process, lines, port }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }

    /// Ends it; what it had taken and nobody had asked for.
    fn rest(mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        let rest = self
            .lines
            .by_ref()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        rest.collect()
    }
}

/// A server's own certificate, for `localhost`.
pub(crate) struct Certificate(TempDir);

impl Certificate {
    pub(crate) fn make() -> Self {
        let made = Self(TempDir::new().unwrap());
        let config = "[req]\ndistinguished_name = name\nx509_extensions = server\nprompt = no\n[name]\nCN = localhost\n\
             [server]\nbasicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost\n";
        fs::write(made.path("config"), config).unwrap();
        let output = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .arg("-config")
            .arg(made.path("config"))
            .arg("-keyout")
            .arg(made.path("key.pem"))
            .arg("-out")
            .arg(made.path("cert.pem"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        made
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn pem(&self) -> String {
        fs::read_to_string(self.path("cert.pem")).unwrap()
    }
}

fn channel(server: &str, more: &Value) -> Alerting {
    let mut channel = json!({
        "name": "mail", "kind": "email", "server": server, "from": "Watchpost <watch@example.org>",
        "to": ["ops@example.org"], "timezone": "Europe/Moscow", "timeout": "5s",
    });
    for (key, value) in more.as_object().unwrap() {
        channel[key] = value.clone();
    }
    alerting(json!({ "channel": [channel], "route": [{"channels": ["mail"]}] }))
}

async fn send(alerting: &Alerting) -> Result<(), NotifyError> {
    let event = detection().with("rule.name", "Сканер <b>портов</b>\r\nBcc: evil@example.org");
    let body = told(alerting, &event).remove(0).1;
    let notifier = Arc::clone(&alerting.connect().unwrap()[0].notifier);
    deliver(&notifier, &body).await
}

fn later(result: Result<(), NotifyError>) -> String {
    let Err(NotifyError::Later { reason, .. }) = result else {
        panic!("not to be tried again: {result:?}");
    };
    assert!(!reason.contains(PASSWORD), "{reason}");
    reason
}

#[tokio::test]
async fn a_message_arrives_as_text_and_as_a_page_over_tls() {
    let certificate = Certificate::make();
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let mut server = MailServer::start(mode, USER, Some(&certificate));
        let address = format!("{scheme}://localhost:{}", server.port);
        let login = json!({"user": USER, "password": PASSWORD, "ca": certificate.pem()});
        let alerting = channel(&address, &login);
        send(&alerting).await.unwrap();
        send(&alerting).await.unwrap();
        let (first, second) = (server.next(), server.next());
        assert_eq!((&first["tls"], &first["user"]), (&json!(true), &json!(USER)));
        assert_eq!(
            (&first["from"], &first["to"]),
            (&json!("watch@example.org"), &json!(["ops@example.org"]))
        );
        let headers = &first["headers"];
        assert_eq!(headers["subject"], "HIGH: Сканер <b>портов</b>  Bcc: evil@example.org");
        assert_eq!(headers.get("bcc"), None);
        assert_eq!(headers["from"], "Watchpost <watch@example.org>");
        assert_eq!(headers["date"], "Fri, 20 Nov 2026 22:41:07 +0000");
        assert_eq!(headers["auto-submitted"], "auto-generated");
        assert_eq!(
            headers["message-id"], second["headers"]["message-id"],
            "whoever gets it twice can tell"
        );
        assert!(headers["references"].as_str().unwrap().contains("story-"));
        let plain = first["plain"].as_str().unwrap();
        assert!(
            plain.contains("anna process-started nmap") && plain.contains("2026-11-21 01:41:07"),
            "{plain}"
        );
        let html = first["html"].as_str().unwrap();
        assert!(
            html.contains("Сканер &lt;b&gt;портов&lt;&#x2f;b&gt;") && !html.contains("<b>"),
            "{html}"
        );
        assert!(
            html.contains("anna process-started nmap") && html.contains("web-1"),
            "{html}"
        );
        assert_eq!(server.rest(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn a_letter_brings_its_attachments_along() {
    let mut server = MailServer::start("plain", "", None);
    let alerting =
        channel(&format!("smtp://localhost:{}", server.port), &json!({})).at_address("https://watch.example.org");
    let files = [
        Attachment::new("report.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
        Attachment::new("report.html", "text/html; charset=utf-8", "<p>Отчёт</p>".as_bytes()),
    ];
    let body = alerting.letter(
        "mail",
        "report/5",
        "Weekly report\n- all is well",
        time(),
        &files,
        "/reports/5",
    );
    let notifier = Arc::clone(&alerting.connect().unwrap()[0].notifier);
    deliver(&notifier, &body).await.unwrap();
    let mail = server.next();
    assert_eq!(mail["headers"]["subject"], "Weekly report");
    let plain = mail["plain"].as_str().unwrap();
    assert!(
        plain.contains("- all is well") && plain.contains("https://watch.example.org/reports/5"),
        "{plain}"
    );
    assert_eq!(
        mail["files"],
        json!([
            ["report.pdf", "application/pdf", "255044462d312e372000ff"],
            ["report.html", "text/html", "3c703ed09ed182d187d191d1823c2f703e"],
        ])
    );
}

#[tokio::test]
async fn nothing_leaves_where_the_server_cannot_be_trusted() {
    let (certificate, other) = (Certificate::make(), Certificate::make());
    let login = |ca: &Certificate| json!({"user": USER, "password": PASSWORD, "ca": ca.pem()});
    let server = MailServer::start("tls", USER, Some(&certificate));
    let reason = later(send(&channel(&format!("smtps://localhost:{}", server.port), &login(&other))).await);
    assert!(reason.contains("certificate"), "{reason}");
    assert_eq!(server.rest(), Vec::<Value>::new());

    // It does not offer STARTTLS: somebody may have taken that out on the way.
    let server = MailServer::start("plain", "", None);
    later(
        send(&channel(
            &format!("smtp://localhost:{}", server.port),
            &login(&certificate),
        ))
        .await,
    );
    assert_eq!(server.rest(), Vec::<Value>::new());

    let server = MailServer::start("starttls", USER, Some(&certificate));
    let mut wrong = login(&certificate);
    wrong["password"] = json!("SECRETWORD2");
    let reason = later(send(&channel(&format!("smtp://localhost:{}", server.port), &wrong)).await);
    assert!(reason.contains("check `user` and `password`"), "{reason}");
    assert_eq!(server.rest(), Vec::<Value>::new());
}

#[tokio::test]
async fn an_address_that_is_refused_costs_nobody_else_the_message() {
    let server = MailServer::start("plain", "", None);
    let to = json!({"to": ["ann@example.org", "nobody@example.org", "busy@example.org", "bob@example.org"]});
    let alerting = channel(&format!("smtp://127.0.0.1:{}", server.port), &to);
    let body = told(&alerting, &detection()).remove(0).1;
    let notifier = Arc::clone(&alerting.connect().unwrap()[0].notifier);
    let reason = later(deliver(&notifier, &body).await);
    assert!(reason.contains("greylisted"), "{reason}");
    deliver(&notifier, &body).await.unwrap();
    let only = channel(
        &format!("smtp://127.0.0.1:{}", server.port),
        &json!({"to": ["nobody@example.org"]}),
    );
    let refused = send(&only).await.unwrap_err();
    assert!(
        matches!(&refused, NotifyError::Never { reason } if reason.contains("no such user")),
        "{refused:?}"
    );
    // Refused by all, though not at once.
    let (one, other) = ("nobody@example.org", "later-nobody@example.org");
    let both = channel(
        &format!("smtp://127.0.0.1:{}", server.port),
        &json!({"to": [one, other]}),
    );
    let notifier = Arc::clone(&both.connect().unwrap()[0].notifier);
    later(deliver(&notifier, &body).await);
    let refused = deliver(&notifier, &body).await.unwrap_err();
    let NotifyError::Never { reason } = &refused else {
        panic!("{refused:?}");
    };
    assert!(
        reason.contains(&format!("{one}: ")) && reason.contains(other),
        "{reason}"
    );
    let arrived: Vec<Value> = server
        .rest()
        .into_iter()
        .map(|message| message["to"][0].clone())
        .collect();
    assert_eq!(arrived, ["ann@example.org", "busy@example.org", "bob@example.org"]);
}

#[tokio::test]
async fn a_server_that_is_away_means_later() {
    let server = MailServer::start("plain", "", None);
    let alerting = channel(&format!("smtp://127.0.0.1:{}", server.port), &json!({}));
    drop(server);
    let reason = later(send(&alerting).await);
    assert!(reason.contains("cannot be used"), "{reason}");
}

/// Whoever may not send can be let to, and then the messages should still be there.
#[tokio::test]
async fn a_sender_that_is_refused_means_later() {
    let server = MailServer::start("plain", "", None);
    let from = json!({"from": "denied@example.org"});
    let reason = later(send(&channel(&format!("smtp://127.0.0.1:{}", server.port), &from)).await);
    assert!(reason.contains("sender not owned"), "{reason}");
    assert_eq!(server.rest(), Vec::<Value>::new());
}

#[tokio::test]
async fn every_recipient_is_tried_by_itself() {
    let server = MailServer::start("plain", "", None);
    let to = json!({"to": ["ann@example.org", "nobody@example.org"]});
    let alerting = channel(&format!("smtp://127.0.0.1:{}", server.port), &to);
    let now = "2026-11-20T22:41:07Z".parse().unwrap();
    let tried = alerting.try_out(&[], "web-1", now).await.unwrap();
    let outcomes: Vec<(&str, bool)> = tried
        .iter()
        .map(|each| (each.channel.as_str(), each.outcome.is_ok()))
        .collect();
    assert_eq!(
        outcomes,
        [("mail (ann@example.org)", true), ("mail (nobody@example.org)", false)]
    );
    assert_eq!(server.rest().len(), 1);
}
