//! Log servers and programs: what needs no service. The log server is a real rsyslogd for what it understands, and plain
//! sockets for what goes over the wire.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_alert::{Alerting, NotifyError};
use watchpost_event::Event;

use crate::common::{alerting, deliver, detection, told, until};
use crate::email::Certificate;

fn channel(kind: &str, more: &Value) -> Alerting {
    let mut channel = json!({"name": "logs", "kind": kind, "timezone": "UTC", "timeout": "5s"});
    for (key, value) in more.as_object().unwrap() {
        channel[key] = value.clone();
    }
    alerting(json!({ "channel": [channel], "route": [{"channels": ["logs"]}] }))
}

async fn send(alerting: &Alerting, event: &Event) -> Result<(), NotifyError> {
    let body = told(alerting, event).remove(0).1;
    let notifier = alerting.connect().unwrap().remove(0).notifier;
    deliver(&notifier, &body).await
}

fn later(result: Result<(), NotifyError>) -> String {
    match result {
        Err(NotifyError::Later { reason, .. }) => reason,
        other => panic!("not to be tried again: {other:?}"),
    }
}

const LINE: &str = "<130>1 2026-11-20T22:41:07.123456Z web-1 watchpost - alert - HIGH: Port scanner started | anna \
                    process-started nmap | web-1, 2026-11-20 22:41:07, #7";

#[tokio::test]
async fn a_log_server_gets_one_line_over_udp_and_tcp() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let url = format!("udp://{}", udp.local_addr().unwrap());
    send(&channel("syslog", &json!({ "url": url })), &detection())
        .await
        .unwrap();
    let mut packet = [0; 16_384];
    let length = udp.recv(&mut packet).unwrap();
    assert_eq!(String::from_utf8_lossy(&packet[..length]), LINE);

    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", tcp.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let mut text = String::new();
        tcp.accept().unwrap().0.read_to_string(&mut text).unwrap();
        text
    });
    let more = json!({"url": url, "facility": "authpriv"});
    send(&channel("syslog", &more), &detection()).await.unwrap();
    let line = LINE.replace("<130>", "<82>");
    assert_eq!(server.join().unwrap(), format!("{} {line}", line.len()));
}

#[tokio::test]
async fn what_a_log_line_says_stays_one_message_of_limited_length() {
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let url = format!("udp://{}", udp.local_addr().unwrap());
    let event = detection()
        .with(
            "rule.name",
            format!("a\r\n<0>1 - evil evil - - - {}", "щ".repeat(4_000)),
        )
        .with("host.name", "two words");
    send(&channel("syslog", &json!({ "url": url })), &event).await.unwrap();
    let mut packet = [0; 16_384];
    let length = udp.recv(&mut packet).unwrap();
    let line = std::str::from_utf8(&packet[..length]).unwrap();
    assert!(
        line.starts_with("<130>1 2026-11-20T22:41:07.123456Z - watchpost - alert - HIGH: a"),
        "{line}"
    );
    assert!(length <= 2_048 && !line.contains(['\n', '\r']), "{length}");
}

#[tokio::test]
async fn a_log_server_that_is_away_or_breaks_off_means_later() {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let more = json!({"url": format!("tcp://{}", tcp.local_addr().unwrap()), "timeout": "1s"});
    let logs = channel("syslog", &more);
    let server = std::thread::spawn(move || {
        // Closed with something unread: the other side sees a reset.
        let (stream, _) = tcp.accept().unwrap();
        stream.peek(&mut [0; 8]).unwrap();
        drop(stream);
        drop(tcp);
    });
    let reason = later(send(&logs, &detection()).await);
    assert!(reason.contains("cannot be reached"), "{reason}");
    server.join().unwrap();
    let reason = later(send(&logs, &detection()).await);
    assert!(reason.contains("refused"), "{reason}");
}

/// Ended when dropped.
struct Rsyslog {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Rsyslog {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Rsyslog {
    /// Over TLS with this certificate, or over plain TCP.
    fn start(port: u16, certificate: Option<&Certificate>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (driver, files) = match certificate {
            Some(certificate) => {
                let of = |name: &str| certificate.path(name).display().to_string();
                let files = format!(
                    "global(DefaultNetstreamDriverCAFile=\"{ca}\" DefaultNetstreamDriverCertFile=\"{ca}\" \
                     DefaultNetstreamDriverKeyFile=\"{key}\")\n",
                    ca = of("cert.pem"),
                    key = of("key.pem")
                );
                let driver = "StreamDriver.Name=\"gtls\" StreamDriver.Mode=\"1\" StreamDriver.AuthMode=\"anon\"";
                (driver, files)
            }
            None => ("", String::new()),
        };
        let config = format!(
            "{files}module(load=\"imtcp\" {driver})\n\
             template(name=\"seen\" type=\"string\" string=\"%pri%|%timestamp:::date-rfc3339%|%hostname%|%app-name%|%msgid%|%msg%\\n\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\")\n\
             *.* action(type=\"omfile\" file=\"{}\" template=\"seen\" asyncWriting=\"off\")\n",
            path("seen.log")
        );
        fs::write(path("rsyslog.conf"), config).unwrap();
        let child = Command::new("/usr/sbin/rsyslogd")
            .args(["-n", "-f", &path("rsyslog.conf"), "-i", &path("rsyslog.pid")])
            .spawn()
            .expect("rsyslogd is needed (scripts/setup --test)");
        Self { child, folder }
    }

    async fn line(&self) -> String {
        let path = self.folder.path().join("seen.log");
        until("a line of rsyslog", || {
            fs::read_to_string(&path)
                .ok()?
                .lines()
                .find(|line| line.contains("|watchpost|"))
                .map(str::to_owned)
        })
        .await
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Sends until the server listens.
async fn send_until_taken(logs: &Alerting) {
    for _ in 0..500 {
        match send(logs, &detection()).await {
            Ok(()) => return,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("rsyslogd takes nothing");
}

const SEEN: &str = "130|2026-11-20T22:41:07.123456Z|web-1|watchpost|alert|HIGH: Port scanner started | \
                    anna process-started nmap | web-1, 2026-11-20 22:41:07, #7";

#[tokio::test]
async fn rsyslog_understands_it_over_tcp() {
    let port = free_port();
    let server = Rsyslog::start(port, None);
    send_until_taken(&channel("syslog", &json!({"url": format!("tcp://127.0.0.1:{port}")}))).await;
    assert_eq!(server.line().await, SEEN);
}

#[tokio::test]
async fn rsyslog_understands_it_over_tls_and_another_certificate_is_refused() {
    let (port, certificate) = (free_port(), Certificate::make());
    let server = Rsyslog::start(port, Some(&certificate));
    let url = format!("tls://localhost:{port}");
    send_until_taken(&channel("syslog", &json!({"url": url, "ca": certificate.pem()}))).await;
    assert_eq!(server.line().await, SEEN);
    let other = channel("syslog", &json!({"url": url, "ca": Certificate::make().pem()}));
    let reason = later(send(&other, &detection()).await);
    assert!(reason.contains("certificate"), "{reason}");
}

/// A program in a folder of its own.
struct Tool {
    folder: tempfile::TempDir,
}

impl Tool {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tool = Self { folder };
        let mut file = fs::File::create(tool.path("tool")).unwrap();
        file.write_all(format!("#!/bin/sh\ncd {}\n{script}\n", tool.folder.path().display()).as_bytes())
            .unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o755)).unwrap();
        tool
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn channel(&self, more: &Value) -> Alerting {
        let mut all = json!({"command": ["/bin/sh", self.path("tool"), "one argument"]});
        for (key, value) in more.as_object().unwrap() {
            all[key] = value.clone();
        }
        channel("script", &all)
    }
}

#[tokio::test]
async fn a_program_gets_the_detection_at_its_input() {
    let tool = Tool::new("cat > input; echo \"$1 $WATCHPOST_ALERT ${HOME-none}\" > given");
    send(&tool.channel(&json!({})), &detection()).await.unwrap();
    let given = fs::read_to_string(tool.path("given")).unwrap();
    assert_eq!(given.trim(), "one argument 7 none");
    let input: Value = serde_json::from_slice(&fs::read(tool.path("input")).unwrap()).unwrap();
    assert_eq!(input["rule"]["name"], "Port scanner started");
    assert_eq!(input["alert"], 7);
    assert_eq!(input["event"]["process"]["name"], "nmap");
}

#[tokio::test]
async fn an_exit_code_means_later_or_never() {
    let busy = Tool::new("cat > /dev/null; echo the line is busy >&2; exit 75");
    let reason = later(send(&busy.channel(&json!({})), &detection()).await);
    assert_eq!(reason.trim(), "exit code 75: the line is busy");
    let wrong = Tool::new("echo no such subscriber >&2; exit 65");
    let outcome = send(&wrong.channel(&json!({})), &detection()).await;
    assert!(
        matches!(&outcome, Err(NotifyError::Never { reason }) if reason.contains("no such subscriber")),
        "{outcome:?}"
    );
    let killed = Tool::new("kill -9 $$");
    let reason = later(send(&killed.channel(&json!({})), &detection()).await);
    assert!(reason.contains("a signal"), "{reason}");
    let none = channel("script", &json!({"command": ["/nonexistent/tool"]}));
    let reason = later(send(&none, &detection()).await);
    assert!(reason.contains("/nonexistent/tool cannot be run"), "{reason}");
}

#[tokio::test]
async fn a_program_that_hangs_is_ended() {
    let tool = Tool::new("echo $$ > pid; exec sleep 600");
    let reason = later(send(&tool.channel(&json!({"timeout": "500ms"})), &detection()).await);
    assert!(reason.contains("did not end within 500ms"), "{reason}");
    let pid = fs::read_to_string(tool.path("pid")).unwrap();
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    until("its end", || (!process.exists()).then_some(())).await;
}
