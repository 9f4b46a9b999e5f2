//! Sysmon's events of processes, the network and its own state (learn.microsoft.com, "Sysmon", events 1 to 29 and 255).

use super::{ACCESS, CHANGE, CONFIGURATION, END, HOST, INFO, NETWORK, PROCESS, START, USER};
use crate::winlog::form::{Account, Hashes, Known, Row, To};

/// The process that did it.
pub(super) const IMAGE: &[Row] = &[
    Row("Image", To::Program("process.executable", "process.name")),
    Row("ProcessId", To::Number("process.pid")),
    Row("ProcessGuid", To::Text("process.entity_id")),
    Row("User", To::Account(USER)),
];
const STARTED: &[Row] = &[
    Row("CommandLine", To::Text("process.command_line")),
    Row("CurrentDirectory", To::Text("process.working_directory")),
    Row("IntegrityLevel", To::Text("process.integrity_level")),
    Row("LogonId", To::Text("winlog.logon.id")),
    Row("TerminalSessionId", To::Text("session.id")),
    Row("Hashes", To::Hashes(PROCESS_HASHES)),
    Row(
        "ParentImage",
        To::Program("process.parent.executable", "process.parent.name"),
    ),
    Row("ParentCommandLine", To::Text("process.parent.command_line")),
    Row("ParentProcessId", To::Number("process.parent.pid")),
    Row("ParentProcessGuid", To::Text("process.parent.entity_id")),
    Row("ParentUser", To::Account(PARENT_USER)),
    Row("OriginalFileName", To::Text("process.pe.original_file_name")),
    Row("Description", To::Text("process.pe.description")),
    Row("Product", To::Text("process.pe.product")),
    Row("Company", To::Text("process.pe.company")),
    Row("FileVersion", To::Text("process.pe.file_version")),
];
const PARENT_USER: Account = Account {
    id: "",
    name: "process.parent.user.name",
    domain: "process.parent.user.domain",
};
const PROCESS_HASHES: Hashes = Hashes([
    ("MD5", "process.hash.md5"),
    ("SHA1", "process.hash.sha1"),
    ("SHA256", "process.hash.sha256"),
    ("IMPHASH", "process.pe.imphash"),
]);
/// One process did it to another.
const BETWEEN: &[Row] = &[
    Row("SourceImage", To::Program("process.executable", "process.name")),
    Row("SourceProcessId", To::Number("process.pid")),
    Row("SourceProcessGUID", To::Text("process.entity_id")),
    Row("SourceProcessGuid", To::Text("process.entity_id")),
    Row("SourceThreadId", To::Number("process.thread.id")),
    Row("SourceUser", To::Account(USER)),
    Row("TargetImage", To::Text("process.target.executable")),
    Row("TargetProcessId", To::Number("process.target.pid")),
];
const CONNECTION: &[Row] = &[
    Row("Protocol", To::Lower("network.transport")),
    Row("Initiated", To::Word("network.direction", DIRECTIONS)),
    Row("SourceIp", To::Ip("source.ip")),
    Row("SourceHostname", To::Text("source.domain")),
    Row("SourcePort", To::Port("source.port")),
    Row("DestinationIp", To::Ip("destination.ip")),
    Row("DestinationHostname", To::Text("destination.domain")),
    Row("DestinationPort", To::Port("destination.port")),
    Row("DestinationPortName", To::Text("network.protocol")),
];
const DIRECTIONS: &[(&str, &str)] = &[("true", "egress"), ("false", "ingress")];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[1],
        action: "process-started",
        category: PROCESS,
        kind: START,
        outcome: None,
        line: "[{user.name} started ]{process.command_line} (pid {process.pid}[, from {process.parent.name}])",
        rows: &[IMAGE, STARTED],
    },
    Known {
        ids: &[3],
        action: "connection-detected",
        category: NETWORK,
        kind: &["connection", "start"],
        outcome: None,
        line: "{process.name}[ of {user.name}] {network.transport} {source.ip}[:{source.port}] to {destination.ip}[:{destination.port}][ ({destination.domain})]",
        rows: &[IMAGE, CONNECTION],
    },
    Known {
        ids: &[4],
        action: "sysmon-state-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "Sysmon is {State}[, version {Version}]",
        rows: &[],
    },
    Known {
        ids: &[5],
        action: "process-stopped",
        category: PROCESS,
        kind: END,
        outcome: None,
        line: "{process.name}[ of {user.name}] ended (pid {process.pid})",
        rows: &[IMAGE],
    },
    Known {
        ids: &[8],
        action: "remote-thread-created",
        category: PROCESS,
        kind: ACCESS,
        outcome: None,
        line: "{process.name} created a thread in {process.target.executable} (pid {process.target.pid})",
        rows: &[BETWEEN],
    },
    Known {
        ids: &[9],
        action: "raw-disk-read",
        category: PROCESS,
        kind: ACCESS,
        outcome: None,
        line: "{process.name} read {Device} past the file system",
        rows: &[IMAGE],
    },
    Known {
        ids: &[10],
        action: "process-accessed",
        category: PROCESS,
        kind: ACCESS,
        outcome: None,
        line: "{process.name} opened {process.target.executable} (pid {process.target.pid}) with {GrantedAccess}",
        rows: &[BETWEEN],
    },
    Known {
        ids: &[16],
        action: "sysmon-configuration-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "the configuration of Sysmon was changed[: {Configuration}]",
        rows: &[],
    },
    Known {
        ids: &[22],
        action: "dns-query",
        category: NETWORK,
        kind: &["connection", "protocol", "info"],
        outcome: None,
        line: "{process.name}[ of {user.name}] asked for {dns.question.name}[: {QueryResults}]",
        rows: &[
            IMAGE,
            &[
                Row("QueryName", To::Text("dns.question.name")),
                Row("QueryStatus", To::Text("dns.response_code")),
                Row("QueryResults", To::Answers),
            ],
        ],
    },
    Known {
        ids: &[24],
        action: "clipboard-captured",
        category: PROCESS,
        kind: INFO,
        outcome: None,
        line: "{process.name} put something on the clipboard[ ({ClientInfo})]",
        rows: &[IMAGE, &[Row("Hashes", To::Hashes(FILE_HASHES))]],
    },
    Known {
        ids: &[25],
        action: "process-tampered",
        category: PROCESS,
        kind: CHANGE,
        outcome: None,
        line: "{process.name} (pid {process.pid}) was tampered with[: {Type}]",
        rows: &[IMAGE],
    },
    Known {
        ids: &[255],
        action: "sysmon-error",
        category: HOST,
        kind: &["error"],
        outcome: None,
        line: "Sysmon failed[: {ID}][: {Description}]",
        rows: &[],
    },
];

/// Of a file, or of what was on the clipboard.
pub(super) const FILE_HASHES: Hashes = Hashes([
    ("MD5", "file.hash.md5"),
    ("SHA1", "file.hash.sha1"),
    ("SHA256", "file.hash.sha256"),
    ("IMPHASH", "file.pe.imphash"),
]);
