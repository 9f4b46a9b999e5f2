#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn shell(script: &str, input: &[u8]) -> Program {
    Program {
        path: PathBuf::from("/bin/sh"),
        args: vec!["-c".to_owned(), script.to_owned()],
        env: vec![("GREETING".to_owned(), "hello".to_owned())],
        input: input.to_vec(),
    }
}

#[test]
fn it_reads_its_input_and_its_words_are_kept() {
    let ended = shell(
        "read line; echo \"$GREETING $line ${HOME-none} $PWD\" >&2; exit 3",
        b"world\n",
    )
    .run(&Shutdown::new())
    .unwrap();
    assert_eq!(ended.code, Some(3));
    assert_eq!(ended.said.trim(), "hello world none /");
    assert!(!ended.stopped);
}

#[test]
fn neither_an_unread_input_nor_endless_words_hold_it_up() {
    let ended = shell("yes error | head -c 1000000 >&2", &vec![b'x'; 1 << 20])
        .run(&Shutdown::new())
        .unwrap();
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.said.len() as u64, SAID_BYTES_MAX);
}

#[test]
fn what_hangs_is_ended_with_everything_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let (started, after) = (folder.path().join("started"), folder.path().join("after"));
    let script = format!(
        "(trap '' TERM; echo > {}; sleep 600; echo > {}) & wait",
        started.display(),
        after.display()
    );
    let stop = Shutdown::new();
    let running = {
        let stop = stop.clone();
        thread::spawn(move || shell(&script, b"").run(&stop))
    };
    while !started.exists() {
        thread::yield_now();
    }
    stop.trigger();
    let ended = running.join().unwrap().unwrap();
    assert!(ended.stopped && ended.code.is_none(), "{ended:?}");
    assert!(!after.exists());
}

#[test]
fn what_it_leaves_running_does_not_outlive_it() {
    let ended = shell("sleep 600 & echo $! >&2; exit 0", b"")
        .run(&Shutdown::new())
        .unwrap();
    assert_eq!(ended.code, Some(0));
    let pid: i32 = ended.said.trim().parse().unwrap();
    // Killed: gone, or a zombie that nobody has reaped yet.
    let is_dead = || {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| {
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with(['Z', 'X']))
        })
    };
    while !is_dead() {
        thread::yield_now();
    }
}

#[test]
fn a_program_that_is_not_there_says_so() {
    let mut program = shell("", b"");
    program.path = PathBuf::from("/nonexistent/program");
    assert_eq!(
        program.run(&Shutdown::new()).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}
