//! Rules from the outside: checked, tested, changed while the server runs.

use std::io::Write;

use crate::harness::{World, wait_for};

const RULE: &str = "title: Needle seen
id: 0d6f9f7e-4f3c-4f53-9a58-1f8b2a6f2f10
logsource: { product: linux }
detection:
  keywords: ['needle']
  condition: keywords
level: medium
";

#[test]
fn the_rules_that_come_with_the_program_pass_their_samples() {
    let world = World::new();
    let checked = world.run(&["rules", "check"]).ok();
    assert!(checked.stdout.ends_with("mistakes: 0\n"), "{checked:?}");
    let tested = world.run(&["rules", "test"]);
    assert_eq!(tested.code, Some(0), "{}", tested.stdout);
    assert!(tested.stdout.ends_with(" samples, 0 failed\n"), "{tested:?}");
}

#[test]
fn a_broken_rule_and_a_wrong_sample_are_named() {
    let world = World::new();
    world.write("rules/good.yml", RULE);
    world.write(
        "rules/good.samples.json",
        r#"{"logsource":{"product":"linux"},"match":[{"message":"a straw"}],"not":[{"message":"a needle"}]}"#,
    );
    let folder = world.path("rules");
    let folder = folder.to_str().unwrap();
    let tested = world.run(&["rules", "test", folder]);
    assert_eq!(tested.code, Some(1), "{tested:?}");
    assert!(
        tested.stdout.contains("sample match 1 failed: nothing was found"),
        "{tested:?}"
    );
    assert!(
        tested
            .stdout
            .contains("sample not 1 failed: it was found by Needle seen"),
        "{tested:?}"
    );
    world.write(
        "rules/broken.yml",
        "title: Half a rule\nlogsource: { product: linux }\n",
    );
    let checked = world.run(&["rules", "check", folder]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(
        checked.stdout.contains("broken.yml")
            && checked
                .stdout
                .contains("rules that can be used: 1; files: 2; mistakes: 1"),
        "{checked:?}"
    );
    world
        .run(&["rules", "check", "/nowhere/at/all"])
        .fails_with(2, &["/nowhere/at/all"]);
}

#[test]
fn rules_change_while_the_server_runs_and_a_broken_set_is_not_taken() {
    let world = World::new();
    let rules = world.path("rules");
    let log = world.write("logs/app.log", "");
    world.write(
        "config/agent.toml",
        format!(
            "[[source.file]]\nname = \"t\"\ninclude = [{log:?}]\nstart = \"beginning\"\npoll = \"50ms\"\n[detect]\nrules = [{rules:?}]\nbuiltin = false\n"
        ),
    );
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut running = world.start("up", &["up", "--set", &listen]);
    world.wait_ready(&mut running);
    let in_use = |wanted: &str| {
        wait_for(wanted, || {
            let answer = world.run(&["rules", "list"]);
            if answer.stdout.contains(wanted) {
                Ok(())
            } else {
                Err(answer.stdout)
            }
        });
    };
    in_use("0 rules");
    world.write("rules/needle.yml", RULE);
    in_use("1 rules");
    world.write("logs/app.log", "a needle\n");
    world.wait_count("event.kind:alert rule.name:\"Needle seen\"", 1);
    world.write("rules/needle.yml", "title: broken");
    in_use("the changed files are not used");
    in_use("Needle seen");
    world.write("rules/needle.yml", RULE.replace("Needle seen", "Needle found"));
    in_use("Needle found");
    running.stop();
}

/// A server on this rule alone, reading one file.
fn up_with_rule(world: &World) -> crate::harness::Running {
    let rules = world.path("rules");
    let log = world.path("logs/app.log");
    world.write("rules/needle.yml", RULE);
    world.write(
        "config/agent.toml",
        format!(
            "[[source.file]]\nname = \"t\"\ninclude = [\"{}\"]\nstart = \"beginning\"\npoll = \"50ms\"\n[detect]\nrules = [\"{}\"]\nbuiltin = false\n",
            log.display(),
            rules.display()
        ),
    );
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut running = world.start("up", &["up", "--set", &listen]);
    world.wait_ready(&mut running);
    running
}

#[test]
fn rules_are_switched_excepted_and_tried_on_history_and_it_outlives_a_kill() {
    let world = World::new();
    let log = world.write("logs/app.log", "a needle\nstraw\na needle of the drill\n");
    let running = up_with_rule(&world);
    world.wait_count("event.kind:alert", 2);
    let tried = world.run(&["rules", "backtest", "needle", "--from", "-1d"]).ok();
    assert!(tried.stdout.contains("Needle seen: a needle of the drill"), "{tried:?}");
    assert!(
        tried.stdout.contains("2 found in 3 events, of which 2 match"),
        "{tried:?}"
    );
    let added = world
        .run(&[
            "rules",
            "exception",
            "add",
            "Needle seen",
            "drill",
            "--reason",
            "a drill",
        ])
        .ok();
    assert!(added.stdout.contains("exception 1: Needle seen"), "{added:?}");
    let tried = world.run(&["rules", "backtest", "needle", "--from", "-1d"]).ok();
    assert!(tried.stdout.contains("1 found in 3 events"), "{tried:?}");
    let text = world.write(
        "other.yml",
        RULE.replace("0d6f", "0d7f").replace("['needle']", "['straw']"),
    );
    let text = text.to_str().unwrap();
    let tried = world
        .run(&["rules", "backtest", text, "--from", "-1d", "--json"])
        .ok()
        .json_lines();
    assert_eq!(
        (tried.len(), &tried[1]["detections"], &tried[1]["events"]),
        (2, &1.into(), &3.into())
    );
    world.run(&["rules", "disable", "needle", "--reason", "too loud"]).ok();
    running.kill();
    let running = up_with_rule(&world);
    is_as_before(&world);
    // It is looked for again within seconds, and what comes until then is not.
    wait_for("a needle to be found again", || {
        let mut log = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
        log.write_all(b"another needle of the drill\n").unwrap();
        let found = world
            .run(&["search", "event.kind:alert another", "--json"])
            .json_lines();
        if found.is_empty() {
            Err("nothing found yet".to_owned())
        } else {
            Ok(())
        }
    });
    world
        .run(&["rules", "disable", "nothing", "--reason", "x"])
        .fails_with(2, &["no rule"]);
    running.stop();
}

/// What people did to the rule is as it was before the kill, and is undone.
fn is_as_before(world: &World) {
    let listed = world.run(&["rules", "list"]).ok();
    assert!(
        listed.stdout.contains("0 rules") && listed.stdout.contains("1 switched off"),
        "{listed:?}"
    );
    let exceptions = world
        .run(&["rules", "exception", "list", "needle", "--json"])
        .ok()
        .json_lines();
    assert_eq!(
        (&exceptions[0]["active"], &exceptions[0]["created_by"]),
        (&true.into(), &"local".into())
    );
    world.run(&["rules", "enable", "needle"]).ok();
    world.run(&["rules", "exception", "end", "1"]).ok();
}
