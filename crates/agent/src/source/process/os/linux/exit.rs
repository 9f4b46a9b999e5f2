//! What `wait` says of an end (waitpid(2)).

use super::super::super::record::Exit;

/// SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS (signal(7), action "core").
const FAULTS: [u32; 8] = [3, 4, 5, 6, 7, 8, 11, 31];
/// Ended with a core dump.
const CORE: u32 = 0x80;

/// As signal(7) names them on Linux, from 1 on.
const SIGNALS: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// How a process ended whose status is this.
pub(super) fn exit_of(status: u32) -> Exit {
    let signal = status & 0x7f;
    if signal == 0 {
        return Exit {
            code: (status >> 8) & 0xff,
            by: None,
            crash: status & CORE != 0,
        };
    }
    // The others are real-time signals.
    let name = SIGNALS.get(signal as usize - 1).copied().unwrap_or("SIGRT");
    Exit {
        code: 128 + signal,
        by: Some(name),
        crash: status & CORE != 0 || FAULTS.contains(&signal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_signals_and_faults_are_told_apart() {
        let exit = |code, by, crash| Exit { code, by, crash };
        assert_eq!(exit_of(0), exit(0, None, false));
        assert_eq!(exit_of(3 << 8), exit(3, None, false));
        assert_eq!(exit_of(9), exit(137, Some("SIGKILL"), false));
        assert_eq!(exit_of(11), exit(139, Some("SIGSEGV"), true));
        assert_eq!(exit_of(15 | CORE), exit(143, Some("SIGTERM"), true));
        assert_eq!(exit_of(40), exit(168, Some("SIGRT"), false));
    }
}
