//! What an exit code says (MS-ERREF 2.3.1): a process that a fault of its own ended has the exception's number.

use super::super::super::record::Exit;

/// How exceptions are called.
const EXCEPTIONS: [(u32, &str); 16] = [
    (0x8000_0003, "STATUS_BREAKPOINT"),
    (0xC000_0005, "STATUS_ACCESS_VIOLATION"),
    (0xC000_0006, "STATUS_IN_PAGE_ERROR"),
    (0xC000_0017, "STATUS_NO_MEMORY"),
    (0xC000_001D, "STATUS_ILLEGAL_INSTRUCTION"),
    (0xC000_0025, "STATUS_NONCONTINUABLE_EXCEPTION"),
    (0xC000_0094, "STATUS_INTEGER_DIVIDE_BY_ZERO"),
    (0xC000_0096, "STATUS_PRIVILEGED_INSTRUCTION"),
    (0xC000_00FD, "STATUS_STACK_OVERFLOW"),
    (0xC000_0135, "STATUS_DLL_NOT_FOUND"),
    (0xC000_0142, "STATUS_DLL_INIT_FAILED"),
    (0xC000_0374, "STATUS_HEAP_CORRUPTION"),
    (0xC000_0409, "STATUS_STACK_BUFFER_OVERRUN"),
    (0xC000_0420, "STATUS_ASSERTION_FAILURE"),
    (0xE043_4352, "an unhandled .NET exception"),
    (0xE06D_7363, "an unhandled C++ exception"),
];

/// How a process ended whose exit code is this.
pub(super) fn exit_of(code: u32) -> Exit {
    let known = EXCEPTIONS.iter().find(|(number, _)| *number == code);
    Exit {
        code,
        by: known.map(|(_, name)| *name),
        crash: known.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_crashes_and_decisions_are_none() {
        assert!(exit_of(0xC000_0005).crash);
        assert_eq!(exit_of(0xC000_0005).by, Some("STATUS_ACCESS_VIOLATION"));
        // Ctrl-C, an ordinary failure, the Task Manager, exit(-1).
        for code in [0xC000_013A, 2, 1, u32::MAX] {
            let exit = exit_of(code);
            assert_eq!((exit.code, exit.by, exit.crash), (code, None, false));
        }
    }
}
