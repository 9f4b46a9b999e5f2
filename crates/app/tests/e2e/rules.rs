//! Rules from the outside: checked, tested, changed while the server runs.

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
