//! The System log: services, the event log itself, starts and ends of Windows.

use super::{CHANGE, CONFIGURATION, CREATION, DELETION, END, HOST, START, USER};
use crate::winlog::form::{Known, Row, To};

/// The service control manager's.
pub(super) const SERVICES: &[Known] = &[
    Known {
        ids: &[7045],
        action: "service-installed",
        category: CONFIGURATION,
        kind: CREATION,
        outcome: Some(true),
        line: "the service {service.name} was installed: {ImagePath}[, as {AccountName}]",
        rows: &[&[
            Row("ServiceName", To::Text("service.name")),
            Row("ServiceType", To::Text("service.type")),
        ]],
    },
    Known {
        ids: &[7040],
        action: "service-start-type-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "the start type of {service.name} was changed[ from {param2}][ to {param3}]",
        rows: &[&[Row("param1", To::Text("service.name"))]],
    },
    Known {
        ids: &[7036],
        action: "service-state-changed",
        category: HOST,
        kind: CHANGE,
        outcome: None,
        line: "the service {service.name} is {param2}",
        rows: &[&[Row("param1", To::Text("service.name"))]],
    },
    Known {
        ids: &[7034, 7031, 7023, 7024],
        action: "service-failed",
        category: HOST,
        kind: &["end", "error"],
        outcome: Some(false),
        line: "the service {service.name} ended unexpectedly[: {param2}]",
        rows: &[&[Row("param1", To::Text("service.name"))]],
    },
    Known {
        ids: &[7000, 7001, 7009, 7011, 7022, 7038, 7041],
        action: "service-not-started",
        category: HOST,
        kind: &["start", "error"],
        outcome: Some(false),
        line: "the service {service.name} did not start[: {param2}][: {param3}]",
        rows: &[&[Row("param1", To::Text("service.name"))]],
    },
];

/// The event log's own.
pub(super) const EVENT_LOG: &[Known] = &[
    Known {
        ids: &[104],
        action: "event-log-cleared",
        category: CONFIGURATION,
        kind: DELETION,
        outcome: Some(true),
        line: "the log {Channel} was cleared[ by {user.name}]",
        rows: &[&[Row("SubjectUserName", To::Person("", "SubjectDomainName", USER))]],
    },
    Known {
        ids: &[6005],
        action: "windows-started",
        category: HOST,
        kind: START,
        outcome: None,
        line: "the event log was started",
        rows: &[],
    },
    Known {
        ids: &[6006],
        action: "windows-stopped",
        category: HOST,
        kind: END,
        outcome: None,
        line: "the event log was stopped",
        rows: &[],
    },
    Known {
        ids: &[6008],
        action: "windows-crashed",
        category: HOST,
        kind: &["end", "error"],
        outcome: Some(false),
        line: "Windows was shut down unexpectedly",
        rows: &[],
    },
];

/// Starts and ends of Windows.
pub(super) const POWER: &[Known] = &[
    Known {
        ids: &[1074],
        action: "shutdown-requested",
        category: HOST,
        kind: END,
        outcome: None,
        line: "{param1} asked for: {param5}[, for {param7}]",
        rows: &[&[Row("param7", To::Account(USER))]],
    },
    Known {
        ids: &[12],
        action: "windows-started",
        category: HOST,
        kind: START,
        outcome: None,
        line: "Windows started[ at {StartTime}]",
        rows: &[],
    },
    Known {
        ids: &[13],
        action: "windows-stopped",
        category: HOST,
        kind: END,
        outcome: None,
        line: "Windows is shutting down[ at {StopTime}]",
        rows: &[],
    },
    Known {
        ids: &[41],
        action: "windows-crashed",
        category: HOST,
        kind: &["end", "error"],
        outcome: Some(false),
        line: "Windows was restarted without a clean shutdown",
        rows: &[],
    },
];
