//! Floods, silences and buttons, from a line in a file to what people see.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, SystemClock};

use crate::harness::{Running, World, wait_for};
use crate::http;
use crate::telegram::Telegram;

const RULE: &str = "
title: Marked line
id: 0b51c1b2-6a0e-4dd2-8a43-1a8d0e0f7c11
logsource: { product: linux }
detection:
  selection:
    message|contains: marked
  condition: selection
level: high
watchpost_group_by: [host.name]
";

/// Server and agent in one, with this rule alone, reading one folder.
pub(crate) fn up(world: &World, configuration: &str) -> Running {
    world.write("rules/marked.yml", RULE);
    let include = world.path("logs/*.log").display().to_string();
    let rules = world.path("rules").display().to_string();
    let text = format!(
        "[[source.file]]\nname = \"test\"\ninclude = [{include:?}]\nstart = \"beginning\"\npoll = \"50ms\"\n\
         [detect]\nbuiltin = false\nrules = [{rules:?}]\n{configuration}"
    );
    let path = world.write("config/agent.toml", text);
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut running = world.start("up", &["up", "--set", &listen]);
    world.wait_ready(&mut running);
    running
}

/// Lines of this moment: nobody is told of old ones.
pub(crate) fn marked(world: &World, lines: std::ops::Range<usize>) {
    let path: &Path = &world.path("logs/app.log");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let now = Timestamp(SystemClock::new().now());
    let lines: Vec<String> = lines.map(|n| format!("{now} web-1 app[1]: marked {n}\n")).collect();
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    file.write_all(lines.concat().as_bytes()).unwrap();
}

pub(crate) fn wait_texts(telegram: &Telegram, wanted: usize) -> Vec<String> {
    wait_for(&format!("{wanted} messages"), || {
        let texts = telegram.texts();
        if texts.len() >= wanted {
            Ok(texts)
        } else {
            Err(format!("{texts:?}"))
        }
    })
}

fn alert(world: &World) -> Value {
    wait_for("an alert", || {
        let listed = world.run(&["alerts", "list", "--state", "all", "--json"]);
        listed
            .json_lines()
            .into_iter()
            .next()
            .ok_or_else(|| listed.stderr.clone())
    })
}

/// Everything about an alert.
fn detail(world: &World, id: &str) -> Value {
    let key = world
        .run(&["token", "create", "--role", "admin", "--name", "test"])
        .ok()
        .stdout;
    let headers = format!("Authorization: Bearer {}\r\n", key.trim());
    http::request(&world.address(), &format!("GET /api/v1/alerts/{id}"), &headers, b"").body
}

/// Of how many detections a message speaks.
fn told_of(text: &str) -> usize {
    let number = |rest: &str| -> usize { rest.split(' ').next().unwrap().parse().unwrap() };
    match (text.strip_prefix("and "), text.split_once("(and ")) {
        (Some(together), _) => number(together),
        (None, Some((_, more))) => 1 + number(more),
        (None, None) => 1,
    }
}

/// All detections of a report's charts over time.
fn charted(report: &Value) -> u64 {
    let blocks = report["sections"].as_array().unwrap().iter();
    let blocks = blocks.flat_map(|section| section["blocks"].as_array().unwrap());
    let series = blocks.filter_map(|block| block["series"].as_array()).flatten();
    let counts = series.flat_map(|series| series["counts"].as_array().unwrap());
    counts.map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn a_flood_is_a_handful_of_messages_with_right_counts_across_a_kill() {
    const LINES: usize = 3_000;
    let world = World::new();
    let telegram = Telegram::start();
    let route =
        "[[route]]\nchannels = [\"ops\"]\nwhen = 'rule.name:\"Marked line\"'\ngroup = \"none\"\nrate = \"4/s\"\n";
    let configuration = telegram.channel("") + route;
    let running = up(&world, &configuration);
    marked(&world, 0..LINES / 2);
    wait_texts(&telegram, 4);
    running.kill();
    let running = up(&world, &configuration);
    marked(&world, LINES / 2..LINES);
    wait_for("everything to be told", || {
        let texts = telegram.texts();
        // A message that was taken and not recorded comes again in the same words.
        let mut once = texts.clone();
        once.sort();
        once.dedup();
        let told: usize = once.iter().map(|text| told_of(text)).sum();
        assert!(told <= LINES, "{told} told of {LINES}: {texts:?}");
        if told == LINES {
            Ok(())
        } else {
            Err(format!("{told} of {LINES} in {} messages", texts.len()))
        }
    });
    assert!(
        telegram.texts().len() < LINES / 10,
        "{} messages",
        telegram.texts().len()
    );
    let listed = world.run(&["alerts", "list", "--state", "all", "--json"]).ok();
    let counts: HashMap<String, u64> = listed
        .json_lines()
        .iter()
        .map(|alert| {
            (
                alert["rule"].as_str().unwrap().to_owned(),
                alert["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(counts["Marked line"], LINES as u64, "one story: {counts:?}");
    assert!(counts.contains_key("A rule finds too much"), "{counts:?}");
    let path = world.path("report.json").display().to_string();
    world.run(&["report", "make", "--from", "-1h", "-o", &path]).ok();
    let report = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(charted(&report), counts.values().sum::<u64>(), "{report}");
    running.stop();
}

#[test]
fn a_silence_keeps_messages_back_and_the_alert_says_why() {
    let world = World::new();
    let telegram = Telegram::start();
    let running = up(&world, &telegram.channel(""));
    let added = world
        .run(&[
            "silences",
            "add",
            "host.name:* rule.name:\"Marked line\"",
            "--for",
            "2h",
            "--reason",
            "a drill",
        ])
        .ok();
    assert!(added.stdout.contains("silence 1 until"), "{added:?}");
    marked(&world, 0..3);
    let id = alert(&world)["id"].to_string();
    let silenced = world.run(&["silences", "list", "--json"]).ok().json_lines();
    assert_eq!(
        (&silenced[0]["active"], &silenced[0]["reason"]),
        (&true.into(), &"a drill".into())
    );
    let reason = wait_for("the message to say why it was not sent", || {
        let listed = detail(&world, &id);
        let message = listed["messages"]
            .as_array()
            .and_then(|messages| messages.first())
            .cloned();
        message.ok_or_else(|| listed.to_string())
    });
    assert_eq!(
        (&reason["state"], &reason["error"]),
        (&"silenced".into(), &"silence 1: a drill".into())
    );
    world.run(&["silences", "end", "1"]).ok();
    marked(&world, 3..4);
    let texts = wait_texts(&telegram, 1);
    assert!(
        texts[0].contains("marked 3"),
        "the story that goes on is told: {texts:?}"
    );
    assert_eq!(world.run(&["silences", "list"]).code, Some(3), "none is left");
    let done = audited(&world, "silence.*");
    assert_eq!(
        done,
        ["silence.end 1 by local (local)", "silence.create 1 by local (local)"]
    );
    running.stop();
}

/// What was done to what by whom, the newest first.
fn audited(world: &World, action: &str) -> Vec<String> {
    let entries = world.run(&["audit", "--action", action, "--json"]).ok().json_lines();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |entry: &Value| {
        let [action, who, kind] = ["action", "who", "kind"].map(|name| text(&entry[name]));
        format!("{action} {} by {who} ({kind})", text(&entry["object"]["id"]))
    };
    entries.iter().map(one).collect()
}

#[test]
fn buttons_in_telegram_acknowledge_and_silence() {
    let world = World::new();
    let telegram = Telegram::start();
    let running = up(&world, &telegram.channel(""));
    marked(&world, 0..1);
    let texts = wait_texts(&telegram, 1);
    assert!(texts[0].contains("#1"), "{texts:?}");
    telegram.press("silence:");
    let silence = wait_for("the silence", || {
        let listed = world.run(&["silences", "list", "--json"]);
        listed
            .json_lines()
            .into_iter()
            .next()
            .ok_or_else(|| listed.stdout.clone())
    });
    assert_eq!(silence["created_by"], "@anna (Telegram)");
    assert_eq!(silence["reason"], "Marked line, #1");
    telegram.press("ack:");
    let acknowledged = wait_for("the alert to be acknowledged", || {
        let alert = alert(&world);
        if alert["state"] == "acknowledged" {
            Ok(alert)
        } else {
            Err(alert.to_string())
        }
    });
    assert_eq!(acknowledged["acknowledged_by"], "@anna (Telegram)");
    world
        .run(&["alerts", "close", "1", "--reason", "expected", "--note", "a drill"])
        .ok();
    world.run(&["alerts", "reopen", "1"]).ok();
    world.run(&["alerts", "assign", "1", "--to", "bert"]).ok();
    world.run(&["alerts", "comment", "1", "--text", "seen"]).ok();
    let detail = detail(&world, "1");
    let actions: Vec<&str> = detail["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|note| note["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["acknowledged", "closed", "reopened", "assigned", "commented"]);
    let done = audited(&world, "alert.*");
    assert_eq!(done.len(), 5, "{done:?}");
    assert_eq!(done[4], "alert.acknowledge 1 by @anna (Telegram) (chat)");
    assert_eq!(
        audited(&world, "silence.*"),
        ["silence.create 1 by @anna (Telegram) (chat)"]
    );
    running.stop();
}

#[test]
fn a_report_is_made_when_asked_and_by_itself_and_told_once() {
    let world = World::new();
    let telegram = Telegram::start();
    let report = "[[report]]\nschedule = \"* * * * *\"\nperiod = \"1d\"\ntimezone = \"UTC\"\nto = [\"ops\"]\nlanguage = \"ru\"\n";
    let configuration = telegram.channel("") + report + "[[route]]\nwhen = \"NOT *\"\nchannels = [\"ops\"]\n";
    let running = up(&world, &configuration);
    marked(&world, 0..3);
    alert(&world);
    let texts = wait_texts(&telegram, 1);
    assert!(texts[0].starts_with("Отчёт о безопасности за сутки"), "{texts:?}");

    let page = world.path("week.html").display().to_string();
    world.run(&["report", "make", "--from", "-1h", "-o", &page]).ok();
    let html = fs::read_to_string(&page).unwrap();
    assert!(html.contains("Marked line") && !html.contains("<script"), "{html}");
    let pdf = world.path("week.pdf").display().to_string();
    world
        .run(&["report", "make", "--from", "-1h", "--host", "nobody", "-o", &pdf])
        .ok();
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
    let listed = world.run(&["report", "list"]).ok().stdout;
    assert!(listed.contains("schedule") && listed.contains("nobody"), "{listed}");
    world.run(&["report", "get", "2", "--format", "json"]).ok();
    world
        .run(&["report", "make", "-o", &world.path("a.doc").display().to_string()])
        .fails_with(2, &[".pdf"]);

    // The next minute is of the same day.
    running.kill();
    let running = up(&world, &configuration);
    marked(&world, 3..4);
    wait_for("the alert to grow", || {
        let found = alert(&world);
        if found["count"] == 4 {
            Ok(())
        } else {
            Err(found.to_string())
        }
    });
    running.stop();
    assert_eq!(telegram.texts().len(), 1, "{:?}", telegram.texts());
}

#[test]
fn rules_are_imported_from_an_archive_and_explained() {
    let world = World::new();
    let rules = world.path("rules").display().to_string();
    let set = format!("detect.rules=[{rules:?}]");
    world.write("theirs/linux/marked.yml", RULE);
    world.write(
        "theirs/broken.yml",
        "title: Broken\nlogsource: {product: linux}\ndetection: {condition: nothing}\n",
    );
    world.write("theirs/LICENSE", "as you like");
    fs::write(world.path("theirs/latin1.yml"), b"title: Caf\xe9\n").unwrap();
    let from = world.path("theirs").display().to_string();
    let tried = world.run(&["rules", "import", &from, "--dry-run", "--set", &set]).ok();
    assert!(tried.stdout.contains("1 rules in 1 files can be used"), "{tried:?}");
    assert!(tried.stdout.contains("left out: latin1.yml"), "{tried:?}");
    assert!(!world.path("rules/theirs").exists());
    let archive = world.path("theirs.zip").display().to_string();
    let zipped = std::process::Command::new("python3")
        .args(["-m", "zipfile", "-c", &archive, "linux", "broken.yml", "LICENSE"])
        .current_dir(world.path("theirs"))
        .status();
    assert!(zipped.unwrap().success());
    let done = world.run(&["rules", "import", &archive, "--set", &set]).ok();
    assert!(
        done.stdout.contains("left out: broken.yml") && done.stdout.contains("1 rules in 1 files imported"),
        "{done:?}"
    );
    assert_eq!(
        fs::read_to_string(world.path("rules/theirs/linux/marked.yml")).unwrap(),
        RULE
    );
    assert_eq!(
        fs::read_to_string(world.path("rules/theirs/LICENSE")).unwrap(),
        "as you like"
    );
    let again = world.run(&["rules", "import", &archive, "--set", &set]).ok();
    assert!(again.stdout.contains("1 of the files were there already"), "{again:?}");

    let line = "Nov 20 22:41:07 web-1 app[1]: something else";
    let no = world.run(&["rules", "explain", "Marked line", "--line", line, "--set", &set]);
    assert_eq!(no.code, Some(3), "{no:?}");
    assert!(
        no.stdout.contains("contains") && no.stdout.contains("something else"),
        "{no:?}"
    );
    let yes = world.run(&[
        "rules",
        "explain",
        "marked",
        "--line",
        "Nov 20 22:41:07 web-1 app[1]: marked",
        "--set",
        &set,
    ]);
    assert_eq!(yes.code, Some(0), "{yes:?}");
    world
        .run(&["rules", "explain", "nothing like it", "--line", "a", "--set", &set])
        .fails_with(2, &["nothing like it", "rules list"]);
    world
        .run(&["rules", "import", "/nowhere", "--set", &set])
        .fails_with(2, &["/nowhere", "No such file", "folder or a .zip"]);
}
