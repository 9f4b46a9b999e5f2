//! Local mode: whole JSON lines, and a clean end whatever ends it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Running, World, wait_for};

/// Lines that are hard on whoever writes or reads JSON.
fn write_lines(world: &World, count: usize) {
    let mut file = File::options()
        .create(true)
        .append(true)
        .open(world.path("app.log"))
        .unwrap();
    for number in 0..count {
        writeln!(
            file,
            "number {number} \"quoted\" \\ \u{1b}[31mred\u{1b}[0m Пользователь 用户 {}",
            "x".repeat(number % 700)
        )
        .unwrap();
    }
    file.write_all(b"not \xff utf-8 \x00 at all\n").unwrap();
}

fn watch(world: &World) -> Running {
    let path = world.path("app.log");
    world.start("watch", &["watch", "--json", path.to_str().unwrap()])
}

fn assert_whole(output: &str, least: usize) {
    assert!(
        output.ends_with('\n'),
        "the last line is cut: {:?}",
        output.lines().last()
    );
    let events: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
        .collect();
    assert!(events.len() >= least, "{} events", events.len());
    for (number, event) in events.iter().take(least - 1).enumerate() {
        assert!(
            event["message"]
                .as_str()
                .unwrap()
                .starts_with(&format!("number {number} ")),
            "{event}"
        );
        assert!(
            event["@timestamp"].is_string() && event["host"]["name"].is_string(),
            "{event}"
        );
    }
}

#[test]
fn json_lines_end_whole_on_sigint_and_sigterm() {
    for signal in [Signal::INT, Signal::TERM] {
        let world = World::new();
        write_lines(&world, 500);
        let mut running = watch(&world);
        wait_for("the first lines", || {
            if running.output().lines().count() > 500 {
                Ok(())
            } else {
                Err(running.errors())
            }
        });
        // It is stopped in the middle of writing, not while it waits.
        write_lines(&world, 20_000);
        running.signal(signal);
        let status = running.wait();
        assert_eq!(status.code(), Some(0), "{}", running.errors());
        assert_whole(&running.output(), 501);
    }
}

#[test]
fn a_closed_pipe_ends_it_without_a_complaint() {
    let world = World::new();
    write_lines(&world, 20_000);
    let path = world.path("app.log");
    let mut command = world.command(&["watch", "--json", path.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    assert!(serde_json::from_str::<Value>(&first).is_ok(), "{first:?}");
    let status = wait_for("it to end", || {
        child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned())
    });
    let mut errors = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut errors).unwrap();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}

#[test]
fn once_shows_what_is_there_in_every_form() {
    let world = World::new();
    write_lines(&world, 30);
    let path = world.path("app.log");
    let path = path.to_str().unwrap();
    assert_whole(&world.run(&["watch", "--once", "--json", path]).ok().stdout, 31);
    let people = world.run(&["watch", "--once", path]).ok().stdout;
    assert!(
        people.contains("app.log") && people.contains("\\x1b[31mred") && !people.contains('\u{1b}'),
        "{people}"
    );
    let colored = world.run(&["watch", "--once", "--color", "always", path]).ok().stdout;
    assert!(
        colored.contains("\u{1b}[2m") && !colored.contains("\u{1b}[31mred"),
        "{colored}"
    );
    assert_eq!(
        world
            .run(&["watch", "--once", "--compact", "--no-timestamps", path])
            .ok()
            .stdout
            .lines()
            .count(),
        31
    );
    for line in world.run(&["watch", "--once", "--7w", path]).ok().json_lines() {
        assert!(line["when"].is_string() && line["where"].is_string(), "{line}");
    }
}

#[test]
fn it_ends_by_itself_after_a_time_and_finds_nothing_in_an_empty_file() {
    let world = World::new();
    let path = world.write("empty.log", "");
    assert_eq!(
        world
            .run(&["watch", "--for", "200ms", path.to_str().unwrap()])
            .ok()
            .stdout,
        ""
    );
    assert_eq!(world.run(&["watch", "--once", path.to_str().unwrap()]).code, Some(3));
    world
        .run(&["watch", "--once", "/nowhere/at/all.log"])
        .fails_with(2, &["/nowhere/at/all.log does not exist", "hint:"]);
}
