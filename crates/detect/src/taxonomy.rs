//! What Sigma's taxonomies call the fields of an event, and where ours have them.
//!
//! A name of a taxonomy is answered by the event's own field of that name; where it has none, by what stands behind a
//! prefix ([`PREFIXES`]), and then by the first of the fields listed here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::table::{Table, hash};

/// Behind these the source's own names stand: Windows event data, and the records of the Linux audit system.
pub(crate) const PREFIXES: [&str; 3] = ["winlog.event_data.", "winlog.user_data.", "auditd.data."];

/// The name of a taxonomy, and the fields that answer it, the best first.
type Row = (&'static str, &'static [&'static str]);

/// `process_creation`, `process_access`, `create_remote_thread`: Sysmon's names, from ours or from those of event 4688.
const PROCESS: &[Row] = &[
    ("CommandLine", &["process.command_line"]),
    ("CurrentDirectory", &["process.working_directory"]),
    ("Image", &["NewProcessName", "process.executable"]),
    ("SourceImage", &["process.executable"]),
    ("ProcessId", &["process.pid"]),
    ("ProcessGuid", &["process.entity_id"]),
    ("ParentImage", &["ParentProcessName", "process.parent.executable"]),
    ("ParentCommandLine", &["process.parent.command_line"]),
    ("ParentProcessId", &["process.parent.pid"]),
    ("ParentProcessGuid", &["process.parent.entity_id"]),
    ("ParentUser", &["process.parent.user.name"]),
    ("User", &["user.name", "SubjectUserName"]),
    ("LogonId", &["SubjectLogonId", "session.id"]),
    ("IntegrityLevel", &["process.integrity_level", "MandatoryLabel"]),
    (
        "OriginalFileName",
        &[
            "process.pe.original_file_name",
            "dll.pe.original_file_name",
            "file.pe.original_file_name",
        ],
    ),
    (
        "Description",
        &["process.pe.description", "dll.pe.description", "file.pe.description"],
    ),
    ("Product", &["process.pe.product", "dll.pe.product", "file.pe.product"]),
    ("Company", &["process.pe.company", "dll.pe.company", "file.pe.company"]),
    (
        "FileVersion",
        &["process.pe.file_version", "dll.pe.file_version", "file.pe.file_version"],
    ),
    ("md5", &["process.hash.md5", "dll.hash.md5", "file.hash.md5"]),
    ("sha1", &["process.hash.sha1", "dll.hash.sha1", "file.hash.sha1"]),
    (
        "sha256",
        &["process.hash.sha256", "dll.hash.sha256", "file.hash.sha256"],
    ),
    ("Imphash", &["process.pe.imphash", "dll.pe.imphash", "file.pe.imphash"]),
];

/// `file_event` and its relatives, `image_load`, `driver_load`, the registry, pipes.
const OBJECT: &[Row] = &[
    ("TargetFilename", &["file.path"]),
    ("SourceFilename", &["file.previous.path"]),
    ("ImageLoaded", &["dll.path"]),
    (
        "Signed",
        &["dll.code_signature.exists", "process.code_signature.exists"],
    ),
    (
        "SignatureStatus",
        &["dll.code_signature.status", "process.code_signature.status"],
    ),
    (
        "Signature",
        &["dll.code_signature.subject_name", "process.code_signature.subject_name"],
    ),
    ("TargetObject", &["registry.path"]),
    ("Details", &["registry.data.strings"]),
    ("PipeName", &["file.name"]),
];

/// `network_connection`, `firewall`, `dns_query`, `dns`.
const NETWORK: &[Row] = &[
    ("SourceIp", &["source.ip"]),
    ("SourcePort", &["source.port"]),
    ("SourceHostname", &["source.domain"]),
    ("DestinationIp", &["destination.ip"]),
    ("DestinationPort", &["destination.port"]),
    ("DestinationHostname", &["destination.domain"]),
    ("Protocol", &["network.transport"]),
    ("Initiated", &["network.direction"]),
    ("src_ip", &["source.ip"]),
    ("src_port", &["source.port"]),
    ("dst_ip", &["destination.ip"]),
    ("dst_port", &["destination.port"]),
    ("QueryName", &["dns.question.name"]),
    ("QueryStatus", &["dns.response_code"]),
    ("QueryResults", &["dns.answers.data", "dns.resolved_ip"]),
    ("query", &["dns.question.name", "QueryName"]),
    ("record_type", &["dns.question.type"]),
    ("answer", &["dns.answers.data", "dns.resolved_ip"]),
];

/// `webserver` and `proxy`: the names of the W3C extended log format.
const WEB: &[Row] = &[
    ("cs-method", &["http.request.method"]),
    ("cs-uri", &["url.original", "url.full"]),
    ("cs-uri-stem", &["url.path"]),
    ("cs-uri-query", &["url.query"]),
    ("c-uri", &["url.full", "url.original"]),
    ("c-uri-stem", &["url.path"]),
    ("c-uri-query", &["url.query"]),
    ("c-uri-extension", &["url.extension"]),
    ("c-useragent", &["user_agent.original"]),
    ("cs-user-agent", &["user_agent.original"]),
    ("cs-useragent", &["user_agent.original"]),
    ("cs-version", &["http.version"]),
    ("cs-host", &["url.domain", "destination.domain"]),
    ("r-dns", &["url.domain", "destination.domain"]),
    ("cs-referer", &["http.request.referrer"]),
    ("cs-referrer", &["http.request.referrer"]),
    ("cs-username", &["user.name"]),
    ("cs-bytes", &["http.request.body.bytes", "http.request.bytes"]),
    ("sc-bytes", &["http.response.body.bytes", "http.response.bytes"]),
    ("sc-status", &["http.response.status_code"]),
    ("c-ip", &["source.ip", "client.ip"]),
    ("c-port", &["source.port", "client.port"]),
    ("s-ip", &["server.ip"]),
    ("s-port", &["server.port"]),
    ("r-ip", &["destination.ip"]),
];

/// Windows logs: the system part of an event, and what PowerShell says.
const WINDOWS: &[Row] = &[
    ("EventID", &["winlog.event_id", "EventId", "event.code"]),
    ("Channel", &["winlog.channel"]),
    (
        "Provider_Name",
        &["winlog.provider_name", "SourceName", "ProviderName", "event.provider"],
    ),
    ("Computer", &["winlog.computer_name", "Hostname", "host.name"]),
    (
        "ComputerName",
        &["winlog.computer_name", "Computer", "Hostname", "host.name"],
    ),
    ("ScriptBlockText", &["powershell.file.script_block_text"]),
    // A shipper that renders the text of an event may drop its nameless values, which it repeats.
    ("Data", &["Message", "message"]),
    ("Message", &["message"]),
    ("IpAddress", &["source.ip"]),
    ("IpPort", &["source.port"]),
];

/// Linux: `sudo`, and records of the audit system (whose other names stand behind a prefix).
const LINUX: &[Row] = &[
    ("USER", &["user.effective.name"]),
    ("COMMAND", &["process.command_line"]),
    ("PWD", &["process.working_directory"]),
    ("TTY", &["process.tty.name"]),
    ("type", &["auditd.record_type"]),
];

const TABLES: [&[Row]; 6] = [PROCESS, OBJECT, NETWORK, WEB, WINDOWS, LINUX];

/// A name that a field answers, and how good an answer it is: less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alias {
    pub(crate) name: &'static str,
    pub(crate) rank: u8,
}

/// By field, with the table to find them.
struct ByField {
    table: Table,
    rows: Vec<(&'static str, Vec<Alias>)>,
}

static BY_FIELD: LazyLock<ByField> = LazyLock::new(|| {
    let mut map: BTreeMap<_, Vec<Alias>> = BTreeMap::new();
    for (name, fields) in TABLES.into_iter().flatten() {
        // What stands behind a prefix comes first.
        for (rank, field) in (1..).zip(*fields) {
            map.entry(*field).or_default().push(Alias { name, rank });
        }
    }
    let rows: Vec<_> = map.into_iter().collect();
    let mut table = Table::with_room(rows.len() * 2);
    for (field, _) in &rows {
        table.add(hash(field));
    }
    ByField { table, rows }
});

/// The names of taxonomies that a field of ours may answer; its hash is known.
pub(crate) fn aliases(field: &str, hash: u64) -> &'static [Alias] {
    let ByField { table, rows } = &*BY_FIELD;
    let found = table.find(hash, |place| rows[place].0 == field);
    found.map_or(&[], |place| rows[place].1.as_slice())
}

/// Every name of the taxonomies.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = Row> {
    TABLES.into_iter().flatten().copied()
}

/// Whether a connection was begun here, as Sysmon says it.
pub(crate) fn initiated(direction: &str) -> Option<&'static str> {
    match direction {
        "egress" | "outbound" => Some("true"),
        "ingress" | "inbound" => Some("false"),
        _ => None,
    }
}

/// The name of an integrity level that event 4688 gives as a SID (MS-DTYP 2.4.2.4).
pub(crate) fn integrity(label: &str) -> Option<&'static str> {
    Some(match label {
        "S-1-16-0" => "Untrusted",
        "S-1-16-4096" => "Low",
        "S-1-16-8192" => "Medium",
        "S-1-16-8448" => "MediumPlus",
        "S-1-16-12288" => "High",
        "S-1-16-16384" => "System",
        _ => return None,
    })
}

/// The kinds of hash in a text such as `SHA256=…,IMPHASH=…`, and the names by which rules ask for one of them.
pub(crate) const HASHES: [(&str, &str); 4] = [
    ("MD5", "md5"),
    ("SHA1", "sha1"),
    ("SHA256", "sha256"),
    ("IMPHASH", "Imphash"),
];
