//! The task scheduler (learn.microsoft.com, "Task Scheduler events").

use super::{CHANGE, CONFIGURATION, CREATION, DELETION, END, PROCESS, START, USER};
use crate::winlog::form::{Known, Row, To};

const TASK: &[Row] = &[
    Row("TaskName", To::Text("winlog.task_name")),
    Row("UserContext", To::Account(USER)),
    Row("UserName", To::Account(USER)),
];
const RUN: &[Row] = &[
    Row("ActionName", To::Program("process.executable", "process.name")),
    Row("Path", To::Program("process.executable", "process.name")),
    Row("ProcessID", To::Number("process.pid")),
    Row("ResultCode", To::Number("process.exit_code")),
];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[106],
        action: "task-created",
        category: CONFIGURATION,
        kind: CREATION,
        outcome: None,
        line: "{user.name} registered the task {winlog.task_name}",
        rows: &[TASK],
    },
    Known {
        ids: &[140],
        action: "task-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "{user.name} changed the task {winlog.task_name}",
        rows: &[TASK],
    },
    Known {
        ids: &[141],
        action: "task-deleted",
        category: CONFIGURATION,
        kind: DELETION,
        outcome: None,
        line: "{user.name} deleted the task {winlog.task_name}",
        rows: &[TASK],
    },
    Known {
        ids: &[142],
        action: "task-disabled",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "{user.name} disabled the task {winlog.task_name}",
        rows: &[TASK],
    },
    Known {
        ids: &[100, 129, 200],
        action: "task-started",
        category: PROCESS,
        kind: START,
        outcome: None,
        line: "the task {winlog.task_name} started[ {process.executable}][ (pid {process.pid})]",
        rows: &[TASK, RUN],
    },
    Known {
        ids: &[102, 201],
        action: "task-ended",
        category: PROCESS,
        kind: END,
        outcome: None,
        line: "the task {winlog.task_name} ended[: {process.exit_code}]",
        rows: &[TASK, RUN],
    },
    Known {
        ids: &[101, 103, 203],
        action: "task-failed",
        category: PROCESS,
        kind: &["start", "error"],
        outcome: Some(false),
        line: "the task {winlog.task_name} failed[ with {process.exit_code}]",
        rows: &[TASK, RUN],
    },
];
