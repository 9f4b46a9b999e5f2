//! The documentation says what is so: the commands' help is what docs/commands.md holds, and every documented command
//! is one the program understands; those that end by themselves are run.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{World, finish};

const COMMANDS: &[&str] = &[
    "",
    "up",
    "server",
    "agent",
    "agent status",
    "agents",
    "agents send-now",
    "agents hash",
    "agents upload",
    "watch",
    "send",
    "scan",
    "scan files",
    "search",
    "tail",
    "alerts",
    "alerts list",
    "alerts ack",
    "alerts close",
    "alerts reopen",
    "alerts assign",
    "alerts comment",
    "alerts test",
    "silences",
    "silences list",
    "silences add",
    "silences end",
    "rules",
    "rules check",
    "rules test",
    "rules import",
    "rules explain",
    "rules list",
    "lookup",
    "rules enable",
    "rules disable",
    "rules exception",
    "rules exception list",
    "rules exception add",
    "rules exception end",
    "rules backtest",
    "report",
    "report make",
    "report list",
    "report get",
    "delivery",
    "store",
    "store verify",
    "store stats",
    "audit",
    "token",
    "token create",
    "token list",
    "token revoke",
    "user",
    "user list",
    "user create",
    "user reset",
    "user remove",
    "config",
    "config check",
    "config show",
    "config get",
    "config list",
    "version",
];

/// Commands that need no keeping alive and can be run as they stand in the documentation.
const ENDING: &[&str] = &[
    "search",
    "alerts list",
    "rules list",
    "rules check",
    "rules test",
    "delivery",
    "store",
    "config",
    "version",
    "token list",
    "token create",
    "user list",
    "audit",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn help_is_what_docs_commands_holds() {
    let mut text =
        String::from("# Commands\n\nWritten by `make docs-help` from the program's own help; a test holds it so.\n");
    let world = World::new();
    for command in COMMANDS {
        let mut arguments: Vec<&str> = command.split_whitespace().collect();
        arguments.push("--help");
        // Help is wrapped at the terminal's width, and there is none here: at the widest allowed.
        let help = world.run(&arguments).ok().stdout;
        write!(text, "\n## watchpost {command}\n\n```text\n{}\n```\n", help.trim_end()).unwrap();
    }
    let text = text.replace("## watchpost \n", "## watchpost\n");
    let path = repository().join("docs/commands.md");
    #[expect(clippy::disallowed_methods, reason = "how `make docs-help` asks for writing")]
    if std::env::var_os("WATCHPOST_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/commands.md is not the program's help: run `make docs-help`"
    );
}

/// Lines of code blocks that call the program, with where they stand.
fn documented() -> Vec<(String, String)> {
    let mut files = vec![repository().join("README.md")];
    files.extend(
        fs::read_dir(repository().join("docs"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("commands.md"));
    let mut found = Vec::new();
    for path in files {
        let (mut inside, mut shell) = (false, false);
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                inside = !inside;
                shell = language == "sh";
            } else if inside && shell && line.contains("watchpost ") {
                let command = line.split("  #").next().unwrap().trim().to_owned();
                found.push((format!("{}:{}", path.display(), number + 1), command));
            }
        }
    }
    found
}

/// The part of a line from `watchpost` to a pipe or another program's argument.
fn own_part(line: &str) -> Option<&str> {
    let start = line
        .find("watchpost ")
        .filter(|&at| at == 0 || line[..at].ends_with(' '))?;
    let own = &line[start..];
    let mut quoted = false;
    // A pipe of the query stands in quotes, a pipe of the shell does not.
    let end = own.char_indices().find(|(at, c)| {
        quoted ^= *c == '\'';
        !quoted && own[*at..].starts_with(" | ")
    });
    Some(own[..end.map_or(own.len(), |(at, _)| at)].trim())
}

fn shell(world: &World, line: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_watchpost"));
    let mut command = Command::new("sh");
    command.args(["-c", line]).env_clear().current_dir(world.path(""));
    command.env("PATH", format!("{}:/usr/bin:/bin", program.parent().unwrap().display()));
    command.env("HOME", world.path("")).env("TZ", "UTC");
    command
        .env("WATCHPOST_DATA_DIR", world.path("data"))
        .env("WATCHPOST_CONFIG", world.path("config"));
    command
}

#[test]
fn every_documented_command_is_understood_and_those_that_end_are_run() {
    let world = World::new();
    let _server = world.server();
    // What the documentation calls a backup.
    let backup = World::new();
    backup.server().stop();
    let backup_folder = backup.path("data/server").display().to_string();
    let documented = documented();
    assert!(documented.len() > 20, "the documentation's commands were not found");
    for (place, line) in documented {
        let Some(own) = own_part(&line) else { continue };
        let understood = finish(&mut shell(&world, &format!("{own} --help")));
        assert_eq!(understood.code, Some(0), "{place}: {line}\n{understood:?}");
        let words = own.trim_start_matches("watchpost ");
        if ENDING.iter().any(|command| words.starts_with(command)) && !words.contains("--config") {
            let run = finish(&mut shell(&world, &own.replace("/backup/server", &backup_folder)));
            assert!(matches!(run.code, Some(0 | 3)), "{place}: {line}\n{run:?}");
        }
    }
}

/// Every configuration in the documentation has only keys that exist, with values that can be read.
#[test]
fn every_documented_configuration_is_read() {
    let world = World::new();
    let mut blocks = 0;
    for name in [
        "configure.md",
        "install.md",
        "alerts.md",
        "reports.md",
        "lookups.md",
        "audit.md",
    ] {
        let text = fs::read_to_string(repository().join("docs").join(name)).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap();
            for named in block.split("@/etc/watchpost/").skip(1) {
                let file = named.split('"').next().unwrap();
                let path = world.write(&format!("etc/{file}"), "only its presence counts");
                fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            }
            let etc = world.path("etc").display().to_string();
            let path = world.write("documented.toml", block.replace("@/etc/watchpost", &format!("@{etc}")));
            let listed = world.run(&["config", "list", "--config", path.to_str().unwrap()]);
            assert_eq!(listed.code, Some(0), "{name}:\n{block}\n{}", listed.stderr);
            blocks += 1;
        }
    }
    assert!(blocks >= 4, "the documentation's configurations were not found");
}
