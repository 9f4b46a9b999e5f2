//! From a line in a file to one alert and one message.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::harness::{Running, World, finish, free_port, wait_for};
use crate::telegram::Telegram;

/// A moment as syslog writes it.
fn syslog_time(more: &str) -> String {
    let output = finish(Command::new("date").args(["-u", "-d", more, "+%b %e %H:%M:%S"])).ok();
    output.stdout.trim_end().to_owned()
}

fn failed_login(time: &str, address: &str, port: usize) -> String {
    format!("{time} web-1 sshd[4242]: Failed password for root from {address} port {port} ssh2\n")
}

fn append(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Server and agent in one, reading one folder and nothing else of the machine.
fn up(world: &World, configuration: &str) -> Running {
    let include = world.path("logs/*.log").display().to_string();
    let agent =
        format!("[[source.file]]\nname = \"test\"\ninclude = [{include:?}]\nstart = \"beginning\"\npoll = \"50ms\"\n");
    let path = world.write("config/agent.toml", agent + configuration);
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut running = world.start("up", &["up", "--set", &listen]);
    world.wait_ready(&mut running);
    running
}

fn alerts(world: &World, rule: &str) -> Vec<Value> {
    let listed = world.run(&["alerts", "list", "--state", "all", "--limit", "500", "--json"]);
    assert!(matches!(listed.code, Some(0 | 3)), "{listed:?}");
    let of_rule = |alert: &Value| alert["rule"] == rule;
    listed.json_lines().into_iter().filter(of_rule).collect()
}

fn wait_alerts(world: &World, rule: &str, wanted: usize) -> Vec<Value> {
    wait_for(&format!("{wanted} alerts of {rule:?}"), || {
        let found = alerts(world, rule);
        assert!(
            found.len() <= wanted,
            "{} alerts, expected {wanted}: {found:?}",
            found.len()
        );
        if found.len() == wanted {
            Ok(found)
        } else {
            Err(format!("{found:?}"))
        }
    })
}

/// The readers have looked at everything that was stored.
fn wait_looked_at(world: &World) {
    wait_for("all readers to catch up", || {
        let report: Value =
            serde_json::from_str(&world.run(&["delivery", "--json"]).stdout).map_err(|error| error.to_string())?;
        // The store writes its files down when it is time; nobody's alerts wait for that.
        let behind = |reader: &Value| reader["reader"] != "store" && reader["behind_bytes"] != 0;
        let readers = report["readers"].as_array().ok_or("no readers")?;
        let ready = !readers.iter().any(behind);
        if ready {
            Ok(())
        } else {
            Err(report["readers"].to_string())
        }
    });
}

#[test]
fn six_failed_logins_are_one_alert_and_one_message_that_waits_while_telegram_is_down() {
    let world = World::new();
    let telegram = Telegram::start();
    telegram.set_down(true);
    let running = up(&world, &telegram.channel(""));
    let now = syslog_time("now");
    let lines: String = (0..6).map(|at| failed_login(&now, "203.0.113.9", 2200 + at)).collect();
    append(&world.path("logs/auth.log"), &lines);
    let found = wait_alerts(&world, "SSH brute force", 1);
    assert_eq!(found[0]["level"], "high", "{found:?}");
    assert_eq!(found[0]["event"]["source"]["ip"], "203.0.113.9", "{found:?}");
    // Down, and down while the program starts anew.
    assert!(telegram.texts().is_empty());
    running.kill();
    let running = up(&world, &telegram.channel(""));
    telegram.set_down(false);
    let text = wait_for("the message", || {
        telegram.texts().pop().ok_or_else(|| "nothing".to_owned())
    });
    assert!(
        text.contains("SSH brute force") && text.contains("203.0.113.9"),
        "{text}"
    );
    // Another series is another alert, and the first message is not sent again.
    let lines: String = (0..6).map(|at| failed_login(&now, "198.51.100.4", 2200 + at)).collect();
    append(&world.path("logs/auth.log"), &lines);
    wait_alerts(&world, "SSH brute force", 2);
    wait_for("the second message", || {
        let texts = telegram.texts();
        assert!(texts.len() <= 2, "{texts:?}");
        if texts.len() == 2 {
            Ok(())
        } else {
            Err(format!("{texts:?}"))
        }
    });
    let first = found[0]["id"].to_string();
    world.run(&["alerts", "ack", &first, "--note", "it was me"]).ok();
    let listed = world.run(&["alerts", "list", "--json"]).ok().json_lines();
    assert!(listed.iter().all(|alert| alert["id"] != found[0]["id"]), "{listed:?}");
    let searched = world
        .run(&["search", "event.kind:alert source.ip:203.0.113.9", "--json"])
        .ok();
    assert_eq!(searched.json_lines().len(), 1, "{searched:?}");
    running.stop();
}

/// The alert is committed before its message leaves: killed in between, the message is sent at the next start, once.
#[test]
fn server_alert_committed_message_not_sent() {
    let world = World::new();
    let telegram = Telegram::start();
    telegram.set_down(true);
    let running = up(&world, &telegram.channel(""));
    let now = syslog_time("now");
    let lines: String = (0..6).map(|at| failed_login(&now, "203.0.113.9", 2200 + at)).collect();
    append(&world.path("logs/auth.log"), &lines);
    wait_alerts(&world, "SSH brute force", 1);
    running.kill();
    assert!(telegram.texts().is_empty());
    telegram.set_down(false);
    let running = up(&world, &telegram.channel(""));
    wait_messages(&telegram, 1);
    wait_looked_at(&world);
    wait_alerts(&world, "SSH brute force", 1);
    running.stop();
    assert_eq!(telegram.texts().len(), 1, "and not again");
}

/// The service has taken the message and the server dies before it knows: the message is sent again, since a missing one
/// is worse, and the alert is still one.
#[test]
fn server_message_sent_not_recorded() {
    let world = World::new();
    let telegram = Telegram::start();
    telegram.set_silent(true);
    let running = up(&world, &telegram.channel(""));
    let now = syslog_time("now");
    let lines: String = (0..6).map(|at| failed_login(&now, "203.0.113.9", 2200 + at)).collect();
    append(&world.path("logs/auth.log"), &lines);
    wait_messages(&telegram, 1);
    running.kill();
    telegram.set_silent(false);
    let before = telegram.texts().len();
    let running = up(&world, &telegram.channel(""));
    wait_messages(&telegram, before + 1);
    wait_looked_at(&world);
    wait_alerts(&world, "SSH brute force", 1);
    let texts = telegram.texts();
    assert!(
        texts.iter().all(|text| *text == texts[0]),
        "the same message: {texts:?}"
    );
    running.stop();
    assert_eq!(telegram.texts().len(), before + 1, "recorded now, and not sent again");
}

fn wait_messages(telegram: &Telegram, wanted: usize) {
    wait_for("messages", || {
        let texts = telegram.texts();
        if texts.len() >= wanted {
            Ok(())
        } else {
            Err(format!("{texts:?}"))
        }
    });
}

#[test]
fn old_events_are_shown_and_not_sent() {
    let world = World::new();
    let telegram = Telegram::start();
    let old = syslog_time("3 hours ago");
    let lines: String = (0..6).map(|at| failed_login(&old, "203.0.113.9", 2200 + at)).collect();
    append(&world.path("logs/auth.log"), &lines);
    let running = up(&world, &telegram.channel(""));
    wait_alerts(&world, "SSH brute force", 1);
    let now = syslog_time("now");
    let lines: String = (0..6).map(|at| failed_login(&now, "198.51.100.4", 2200 + at)).collect();
    append(&world.path("logs/auth.log"), &lines);
    let texts = wait_for("a message", || {
        let texts = telegram.texts();
        if texts.is_empty() {
            Err("nothing".to_owned())
        } else {
            Ok(texts)
        }
    });
    assert!(texts.iter().all(|text| text.contains("198.51.100.4")), "{texts:?}");
    running.stop();
}

/// A real sshd that logs through a real rsyslog, with a /dev/log of their own, and a client with a wrong password.
fn sshd_script(folder: &Path, logs: &Path, port: u16) -> String {
    let (folder, logs) = (folder.display(), logs.display());
    format!(
        r#"set -eu
cd {folder}
mkdir -p dev
mount -t tmpfs tmpfs dev
for device in null zero random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mount --move dev /dev
cat > rsyslog.conf <<C
module(load="imuxsock" SysSock.Name="/dev/log")
*.* action(type="omfile" file="{logs}/auth.log" template="RSYSLOG_TraditionalFileFormat")
C
rsyslogd -n -f rsyslog.conf -i {folder}/rsyslog.pid & rsyslog=$!
mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f key
/usr/sbin/sshd -D -p {port} -h {folder}/key -f /dev/null -o ListenAddress=127.0.0.1 -o UsePAM=no -o PasswordAuthentication=yes \
    -o PermitRootLogin=yes -o PidFile=none & sshd=$!
trap 'kill $sshd $rsyslog' EXIT
for try in $(seq 200); do [ -S /dev/log ] && (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.05; done
printf '#!/bin/sh\necho wrong\n' > ask; chmod +x ask
for connection in 1 2; do
    DISPLAY=none SSH_ASKPASS={folder}/ask SSH_ASKPASS_REQUIRE=force ssh -p {port} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o PreferredAuthentications=password -o NumberOfPasswordPrompts=3 root@127.0.0.1 true </dev/null || true
done
for try in $(seq 200); do [ "$(grep -c 'Failed password' {logs}/auth.log)" -ge 6 ] && break; sleep 0.05; done
"#
    )
}

#[test]
fn six_wrong_passwords_at_a_real_sshd_are_one_alert() {
    let world = World::new();
    let running = up(&world, "");
    let folder: PathBuf = world.path("ssh");
    fs::create_dir_all(&folder).unwrap();
    let script = sshd_script(&folder, &world.path("logs"), crate::harness::free_port());
    fs::create_dir_all(world.path("logs")).unwrap();
    let script = world.write("ssh/run.sh", script);
    let done = finish(Command::new("unshare").args(["--mount", "bash"]).arg(&script));
    assert_eq!(
        done.code,
        Some(0),
        "sshd, rsyslogd, ssh and root are needed (scripts/setup --test): {done:?}"
    );
    world.wait_count("event.action:ssh-login event.outcome:failure NOT event.kind:alert", 6);
    let found = wait_alerts(&world, "SSH brute force", 1);
    assert_eq!(found[0]["event"]["source"]["ip"], "127.0.0.1", "{found:?}");
    wait_looked_at(&world);
    wait_alerts(&world, "SSH brute force", 1);
    running.stop();
}

fn rounds() -> usize {
    #[expect(clippy::disallowed_methods, reason = "how `make torture` asks for more")]
    let asked = std::env::var("WATCHPOST_TORTURE_ROUNDS").ok();
    asked.map_or(5, |rounds| rounds.parse().unwrap())
}

/// Each round is a series of its own, with the kill in the middle of it or behind it.
#[test]
fn kill_agent_and_server_during_brute_force_series() {
    let rounds = rounds();
    let world = World::new();
    let telegram = Telegram::start();
    let log = world.path("logs/auth.log");
    let mut server = {
        // Every message by itself, so that they can be counted.
        let route = "[[route]]\nwhen = \"rule.name:\\\"SSH brute force\\\"\"\nchannels = [\"ops\"]\nrate = \"none\"\n";
        world.write("config/server.toml", telegram.channel("") + route);
        fs::set_permissions(
            world.path("config/server.toml"),
            std::os::unix::fs::PermissionsExt::from_mode(0o600),
        )
        .unwrap();
        world.server()
    };
    let address = |round: usize| format!("198.51.{}.{}", round / 200, round % 200 + 1);
    let key = world.agent_key("web-1");
    world.configure_agent("web-1", &key, log.to_str().unwrap());
    let mut agent = world.start("agent", &["agent"]);
    for round in 0..rounds {
        let now = syslog_time("now");
        for attempt in 0..6 {
            append(&log, &failed_login(&now, &address(round), 2200 + attempt));
            if attempt == round % 6 {
                server.kill();
                server = world.server();
            }
            if attempt == (round + 3) % 6 {
                agent.kill();
                agent = world.start("agent", &["agent"]);
            }
        }
    }
    let found = wait_alerts(&world, "SSH brute force", rounds);
    for alert in &found {
        assert_eq!(alert["count"], 1, "{alert}");
    }
    wait_looked_at(&world);
    wait_alerts(&world, "SSH brute force", rounds);
    world.wait_count("event.kind:alert rule.name:\"SSH brute force\"", rounds as u64);
    let told = |round: usize| -> Vec<String> {
        let own = format!("source.ip {}:", address(round));
        let texts = telegram.texts();
        texts.into_iter().filter(|text| text.contains(&own)).collect()
    };
    wait_for("a message for every alert", || {
        let missing: Vec<usize> = (0..rounds).filter(|round| told(*round).is_empty()).collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(format!("none for the series {missing:?}"))
        }
    });
    agent.stop();
    server.stop();
    let mut doubled = 0;
    for texts in (0..rounds).map(told) {
        // Killed between the channel's answer and our record of it: the alert's number lets a reader tell.
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        doubled += texts.len() - 1;
    }
    assert!(doubled <= rounds, "{doubled} told twice by {rounds} kills");
}

#[test]
fn channels_are_tried_without_a_server() {
    let world = World::new();
    let telegram = Telegram::start();
    let away = format!(
        "[[channel]]\nname = \"phones\"\nkind = \"ntfy\"\nurl = \"http://127.0.0.1:{}/topic\"\n",
        free_port()
    );
    let path = world.write("config/server.toml", telegram.channel("") + &away);
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let tried = world.run(&["alerts", "test"]);
    assert_eq!(tried.code, Some(1), "{tried:?}");
    assert!(tried.stdout.contains("ops: sent\n"), "{tried:?}");
    assert!(
        tried.stdout.contains("phones: not sent: cannot be reached"),
        "{tried:?}"
    );
    let text = telegram.texts().remove(0);
    assert!(
        text.contains("Test message") && text.contains("this channel works"),
        "{text}"
    );
    assert!(
        world
            .run(&["alerts", "test", "ops"])
            .ok()
            .stdout
            .starts_with("ops: sent")
    );
    world
        .run(&["alerts", "test", "opps"])
        .fails_with(2, &["\"opps\"", "ops, phones"]);
    world.write("config/server.toml", "");
    world
        .run(&["alerts", "test"])
        .fails_with(2, &["no channel", "[[channel]]"]);
}
