//! The Security log: logons, processes, services, tasks, policy (learn.microsoft.com, "Advanced security audit events").

use super::{
    ACCESS, AUTHENTICATION, CHANGE, CONFIGURATION, CREATION, DELETION, EFFECTIVE, END, HOST, IAM, PROCESS, START, USER,
};
use crate::winlog::form::{Known, Row, To};

/// Who did it.
pub(super) const SUBJECT: &[Row] = &[
    Row(
        "SubjectUserName",
        To::Person("SubjectUserSid", "SubjectDomainName", USER),
    ),
    Row("SubjectLogonId", To::Text("winlog.logon.id")),
];
/// The program that did it.
pub(super) const CALLER: &[Row] = &[
    Row("ProcessName", To::Program("process.executable", "process.name")),
    Row("ProcessId", To::Number("process.pid")),
    Row("CallerProcessName", To::Program("process.executable", "process.name")),
    Row("CallerProcessId", To::Number("process.pid")),
];
/// The account that came or went, as the user.
const ACCOUNT: &[Row] = &[
    Row("TargetUserName", To::Person("TargetUserSid", "TargetDomainName", USER)),
    Row("TargetLogonId", To::Text("winlog.logon.id")),
];
/// From where.
const PEER: &[Row] = &[
    Row("IpAddress", To::Ip("source.ip")),
    Row("IpPort", To::Port("source.port")),
    Row("WorkstationName", To::Text("source.domain")),
    Row("Workstation", To::Text("source.domain")),
];
/// How.
const LOGON: &[Row] = &[
    Row("LogonType", To::Word("winlog.logon.type", LOGON_TYPES)),
    Row("SubStatus", To::Word("event.reason", REASONS)),
    Row("Status", To::Word("event.reason", REASONS)),
];

/// Winlogbeat's names of the kinds of logon (ntsecapi.h, `SECURITY_LOGON_TYPE`).
const LOGON_TYPES: &[(&str, &str)] = &[
    ("0", "System"),
    ("2", "Interactive"),
    ("3", "Network"),
    ("4", "Batch"),
    ("5", "Service"),
    ("7", "Unlock"),
    ("8", "NetworkCleartext"),
    ("9", "NewCredentials"),
    ("10", "RemoteInteractive"),
    ("11", "CachedInteractive"),
    ("12", "CachedRemoteInteractive"),
    ("13", "CachedUnlock"),
];

/// Why a logon failed (ntstatus.h); an empty word says nothing, and leaves it to the next row.
const REASONS: &[(&str, &str)] = &[
    ("0x0", ""),
    ("0xc000005e", "no logon server"),
    ("0xc0000064", "no such user"),
    ("0xc000006a", "wrong password"),
    ("0xc000006c", "password policy"),
    ("0xc000006d", "wrong user name or password"),
    ("0xc000006e", "account restriction"),
    ("0xc000006f", "outside of logon hours"),
    ("0xc0000070", "workstation restriction"),
    ("0xc0000071", "password expired"),
    ("0xc0000072", "account disabled"),
    ("0xc00000dc", "server in the wrong state"),
    ("0xc0000133", "clocks differ too much"),
    ("0xc000015b", "logon type not granted"),
    ("0xc000018c", "trust relationship failed"),
    ("0xc0000192", "netlogon not started"),
    ("0xc0000193", "account expired"),
    ("0xc0000224", "password must change"),
    ("0xc0000234", "account locked"),
    ("0xc00002ee", "failure during logon"),
    ("0xc0000413", "not allowed by policy"),
];

/// Why Kerberos refused (RFC 4120, 7.5.9).
const KERBEROS: &[(&str, &str)] = &[
    ("0x0", ""),
    ("0x6", "no such user"),
    ("0x7", "no such service"),
    ("0xc", "workstation restriction"),
    ("0x12", "account disabled, expired or locked"),
    ("0x17", "password expired"),
    ("0x18", "wrong password"),
    ("0x20", "ticket expired"),
    ("0x25", "clocks differ too much"),
];

const TASK: &[Row] = &[Row("TaskName", To::Text("winlog.task_name"))];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[4624],
        action: "logon",
        category: AUTHENTICATION,
        kind: START,
        outcome: Some(true),
        line: "{user.name} logged on[ ({winlog.logon.type})][ from {source.ip}]",
        rows: &[ACCOUNT, PEER, LOGON, CALLER],
    },
    Known {
        ids: &[4625],
        action: "logon",
        category: AUTHENTICATION,
        kind: START,
        outcome: Some(false),
        line: "logon of {user.name} failed[ ({winlog.logon.type})][: {event.reason}][, from {source.ip}]",
        rows: &[ACCOUNT, PEER, LOGON, CALLER],
    },
    Known {
        ids: &[4634, 4647],
        action: "logout",
        category: AUTHENTICATION,
        kind: END,
        outcome: Some(true),
        line: "{user.name} logged off[ ({winlog.logon.type})]",
        rows: &[ACCOUNT, LOGON],
    },
    Known {
        ids: &[4648],
        action: "logon-with-credentials",
        category: AUTHENTICATION,
        kind: START,
        outcome: Some(true),
        line: "{user.name} used the credentials of {user.effective.name}[ for {destination.domain}][, by {process.name}]",
        rows: &[
            SUBJECT,
            &[
                Row(
                    "TargetUserName",
                    To::Person("TargetUserSid", "TargetDomainName", EFFECTIVE),
                ),
                Row("TargetServerName", To::Text("destination.domain")),
            ],
            PEER,
            CALLER,
        ],
    },
    Known {
        ids: &[4672],
        action: "logon-with-privileges",
        category: &["authentication", "iam"],
        kind: &["admin"],
        outcome: Some(true),
        line: "{user.name} logged on with special privileges",
        rows: &[SUBJECT, &[Row("PrivilegeList", To::List("winlog.privileges"))]],
    },
    Known {
        ids: &[4776],
        action: "credentials-validated",
        category: AUTHENTICATION,
        kind: START,
        outcome: None,
        line: "credentials of {user.name} were checked[ for {source.domain}][: {event.reason}]",
        rows: &[ACCOUNT, PEER, LOGON],
    },
    Known {
        ids: &[4768],
        action: "kerberos-ticket-granting-ticket",
        category: AUTHENTICATION,
        kind: START,
        outcome: None,
        line: "{user.name} asked for a ticket-granting ticket[ from {source.ip}][: {event.reason}]",
        rows: &[ACCOUNT, PEER, &[Row("Status", To::Word("event.reason", KERBEROS))]],
    },
    Known {
        ids: &[4769],
        action: "kerberos-service-ticket",
        category: AUTHENTICATION,
        kind: START,
        outcome: None,
        line: "{user.name} asked for a ticket of {service.name}[ from {source.ip}][: {event.reason}]",
        rows: &[
            ACCOUNT,
            PEER,
            &[
                Row("ServiceName", To::Text("service.name")),
                Row("Status", To::Word("event.reason", KERBEROS)),
            ],
        ],
    },
    Known {
        ids: &[4771],
        action: "kerberos-preauthentication-failed",
        category: AUTHENTICATION,
        kind: START,
        outcome: Some(false),
        line: "Kerberos pre-authentication of {user.name} failed[: {event.reason}][, from {source.ip}]",
        rows: &[
            &[
                Row("TargetUserName", To::Person("TargetSid", "TargetDomainName", USER)),
                Row("Status", To::Word("event.reason", KERBEROS)),
            ],
            PEER,
        ],
    },
    Known {
        ids: &[4778, 4779],
        action: "session-changed",
        category: AUTHENTICATION,
        kind: CHANGE,
        outcome: None,
        line: "a session of {user.name} was taken up again or left[, from {source.ip}]",
        rows: &[&[
            Row("AccountName", To::Person("", "AccountDomain", USER)),
            Row("ClientAddress", To::Ip("source.ip")),
            Row("ClientName", To::Text("source.domain")),
            Row("SessionName", To::Text("session.name")),
        ]],
    },
    Known {
        ids: &[4800],
        action: "workstation-locked",
        category: AUTHENTICATION,
        kind: CHANGE,
        outcome: None,
        line: "the workstation of {user.name} was locked",
        rows: &[ACCOUNT],
    },
    Known {
        ids: &[4801],
        action: "workstation-unlocked",
        category: AUTHENTICATION,
        kind: CHANGE,
        outcome: None,
        line: "the workstation of {user.name} was unlocked",
        rows: &[ACCOUNT],
    },
    Known {
        ids: &[4688],
        action: "process-started",
        category: PROCESS,
        kind: START,
        outcome: None,
        line: "{user.name} started {process.executable}[: {process.command_line}][ (pid {process.pid})][, from {process.parent.name}]",
        rows: &[
            ACCOUNT,
            SUBJECT,
            &[
                Row("NewProcessName", To::Program("process.executable", "process.name")),
                Row("NewProcessId", To::Number("process.pid")),
                Row("CommandLine", To::Text("process.command_line")),
                Row("ProcessId", To::Number("process.parent.pid")),
                Row(
                    "ParentProcessName",
                    To::Program("process.parent.executable", "process.parent.name"),
                ),
                Row("MandatoryLabel", To::Word("process.integrity_level", INTEGRITY)),
            ],
        ],
    },
    Known {
        ids: &[4689],
        action: "process-stopped",
        category: PROCESS,
        kind: END,
        outcome: None,
        line: "{process.name} of {user.name} ended[ (pid {process.pid})][ with {process.exit_code}]",
        rows: &[SUBJECT, CALLER, &[Row("Status", To::Number("process.exit_code"))]],
    },
    Known {
        ids: &[4697],
        action: "service-installed",
        category: CONFIGURATION,
        kind: CREATION,
        outcome: Some(true),
        line: "{user.name} installed the service {service.name}: {ServiceFileName}",
        rows: &[SUBJECT, &[Row("ServiceName", To::Text("service.name"))]],
    },
    Known {
        ids: &[4698],
        action: "task-created",
        category: CONFIGURATION,
        kind: CREATION,
        outcome: Some(true),
        line: "{user.name} created the scheduled task {winlog.task_name}",
        rows: &[SUBJECT, TASK],
    },
    Known {
        ids: &[4699],
        action: "task-deleted",
        category: CONFIGURATION,
        kind: DELETION,
        outcome: Some(true),
        line: "{user.name} deleted the scheduled task {winlog.task_name}",
        rows: &[SUBJECT, TASK],
    },
    Known {
        ids: &[4700, 4701, 4702],
        action: "task-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: Some(true),
        line: "{user.name} changed, enabled or disabled the scheduled task {winlog.task_name}",
        rows: &[SUBJECT, TASK],
    },
    Known {
        ids: &[4673, 4674],
        action: "privilege-used",
        category: IAM,
        kind: ACCESS,
        outcome: None,
        line: "{user.name} used a privilege[, by {process.name}][: {PrivilegeList}]",
        rows: &[SUBJECT, CALLER, &[Row("PrivilegeList", To::List("winlog.privileges"))]],
    },
    Known {
        ids: &[4719, 4912],
        action: "audit-policy-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: Some(true),
        line: "{user.name} changed the audit policy",
        rows: &[SUBJECT],
    },
    Known {
        ids: &[1100],
        action: "event-log-stopped",
        category: CONFIGURATION,
        kind: END,
        outcome: None,
        line: "the event log was shut down",
        rows: &[],
    },
    Known {
        ids: &[1102],
        action: "event-log-cleared",
        category: CONFIGURATION,
        kind: DELETION,
        outcome: Some(true),
        line: "the Security log was cleared[ by {user.name}]",
        rows: &[SUBJECT],
    },
    Known {
        ids: &[4608],
        action: "windows-started",
        category: HOST,
        kind: START,
        outcome: None,
        line: "Windows is starting up",
        rows: &[],
    },
    Known {
        ids: &[4616],
        action: "time-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "{user.name} set the clock from {PreviousTime} to {NewTime}[, by {process.name}]",
        rows: &[SUBJECT, CALLER],
    },
];

/// Events of the log that are not listed: who, and by which program.
pub(super) const OTHER: Known = Known {
    ids: &[],
    action: "",
    category: &[],
    kind: &[],
    outcome: None,
    line: "",
    rows: &[SUBJECT, CALLER],
};

/// The names of integrity levels (MS-DTYP 2.4.2.4).
const INTEGRITY: &[(&str, &str)] = &[
    ("S-1-16-0", "Untrusted"),
    ("S-1-16-4096", "Low"),
    ("S-1-16-8192", "Medium"),
    ("S-1-16-8448", "MediumPlus"),
    ("S-1-16-12288", "High"),
    ("S-1-16-16384", "System"),
];
