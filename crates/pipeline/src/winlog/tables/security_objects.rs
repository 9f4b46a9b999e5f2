//! The Security log: objects, shares, and what the firewall saw (learn.microsoft.com, "Audit File System", "Audit File
//! Share", "Audit Filtering Platform Connection").

use super::security::{CALLER, SUBJECT};
use super::{ACCESS, CHANGE, CONFIGURATION, CREATION, DELETION, FILE, NETWORK, REGISTRY};
use crate::winlog::form::{Known, Row, To};

const OBJECT: &[Row] = &[Row("ObjectName", To::Text("winlog.object_name"))];
const SHARE: &[Row] = &[
    Row("IpAddress", To::Ip("source.ip")),
    Row("IpPort", To::Port("source.port")),
    Row("RelativeTargetName", To::File),
    Row("ShareName", To::Text("winlog.share_name")),
];
const CONNECTION: &[Row] = &[
    Row("Application", To::Program("process.executable", "process.name")),
    Row("ProcessID", To::Number("process.pid")),
    Row("ProcessId", To::Number("process.pid")),
    Row("SourceAddress", To::Ip("source.ip")),
    Row("SourcePort", To::Port("source.port")),
    Row("DestAddress", To::Ip("destination.ip")),
    Row("DestPort", To::Port("destination.port")),
    Row("Protocol", To::Word("network.transport", PROTOCOLS)),
    Row("Direction", To::Word("network.direction", DIRECTIONS)),
];
/// Numbers of protocols (IANA).
const PROTOCOLS: &[(&str, &str)] = &[("1", "icmp"), ("6", "tcp"), ("17", "udp"), ("58", "ipv6-icmp")];
/// Texts of the event's messages: inbound, outbound.
const DIRECTIONS: &[(&str, &str)] = &[("%%14592", "ingress"), ("%%14593", "egress")];

const ALLOWED: &[&str] = &["connection", "allowed"];
const DENIED: &[&str] = &["connection", "denied"];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[4656, 4661],
        action: "object-handle-requested",
        category: CONFIGURATION,
        kind: ACCESS,
        outcome: None,
        line: "{user.name} asked for {winlog.object_name}[, by {process.name}]",
        rows: &[SUBJECT, CALLER, OBJECT],
    },
    Known {
        ids: &[4663],
        action: "object-accessed",
        category: CONFIGURATION,
        kind: ACCESS,
        outcome: None,
        line: "{user.name} accessed {winlog.object_name}[, by {process.name}]",
        rows: &[SUBJECT, CALLER, OBJECT],
    },
    Known {
        ids: &[4660],
        action: "object-deleted",
        category: CONFIGURATION,
        kind: DELETION,
        outcome: None,
        line: "{user.name} deleted an object[, by {process.name}]",
        rows: &[SUBJECT, CALLER],
    },
    Known {
        ids: &[4670],
        action: "object-permissions-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "{user.name} changed permissions of {winlog.object_name}[, by {process.name}]",
        rows: &[SUBJECT, CALLER, OBJECT],
    },
    Known {
        ids: &[4657],
        action: "registry-value-changed",
        category: REGISTRY,
        kind: CHANGE,
        outcome: Some(true),
        line: "{user.name} changed {registry.path} ({registry.value})[, by {process.name}]",
        rows: &[
            SUBJECT,
            CALLER,
            &[
                Row("ObjectName", To::Registry),
                Row("ObjectValueName", To::Text("registry.value")),
                Row("NewValue", To::Text("registry.data.strings")),
            ],
        ],
    },
    Known {
        ids: &[5140, 5142, 5143, 5144],
        action: "share-accessed",
        category: FILE,
        kind: ACCESS,
        outcome: None,
        line: "{user.name} accessed the share {winlog.share_name}[ from {source.ip}]",
        rows: &[SUBJECT, SHARE],
    },
    Known {
        ids: &[5145],
        action: "share-file-accessed",
        category: FILE,
        kind: ACCESS,
        outcome: None,
        line: "{user.name} accessed [{file.path} on ]the share {winlog.share_name}[ from {source.ip}]",
        rows: &[SUBJECT, SHARE],
    },
    Known {
        ids: &[5156, 5154, 5158],
        action: "connection-allowed",
        category: NETWORK,
        kind: ALLOWED,
        outcome: Some(true),
        line: "{process.name} may use {network.transport} [{source.ip}][:{source.port}][ to {destination.ip}][:{destination.port}]",
        rows: &[CONNECTION],
    },
    Known {
        ids: &[5152, 5155, 5157, 5159],
        action: "connection-denied",
        category: NETWORK,
        kind: DENIED,
        outcome: Some(false),
        line: "denied {network.transport} [{source.ip}][:{source.port}][ to {destination.ip}][:{destination.port}][, {process.name}]",
        rows: &[CONNECTION],
    },
    Known {
        ids: &[4946],
        action: "firewall-rule-added",
        category: CONFIGURATION,
        kind: CREATION,
        outcome: Some(true),
        line: "the firewall has a new rule {winlog.firewall_rule}",
        rows: &[&[Row("RuleName", To::Text("winlog.firewall_rule"))]],
    },
    Known {
        ids: &[4947],
        action: "firewall-rule-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: Some(true),
        line: "the rule {winlog.firewall_rule} of the firewall was changed",
        rows: &[&[Row("RuleName", To::Text("winlog.firewall_rule"))]],
    },
    Known {
        ids: &[4948],
        action: "firewall-rule-deleted",
        category: CONFIGURATION,
        kind: DELETION,
        outcome: Some(true),
        line: "the rule {winlog.firewall_rule} of the firewall was deleted",
        rows: &[&[Row("RuleName", To::Text("winlog.firewall_rule"))]],
    },
];
