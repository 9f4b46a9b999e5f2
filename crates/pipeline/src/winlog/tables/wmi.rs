//! WMI (learn.microsoft.com, "Tracing WMI activity").

use super::{CHANGE, CONFIGURATION, PROCESS, USER};
use crate::winlog::form::{Known, Row, To};

const QUERY: &[Row] = &[
    Row("User", To::Account(USER)),
    Row("PossibleCause", To::Text("winlog.wmi.consumer")),
    Row("CONSUMER", To::Text("winlog.wmi.consumer")),
    Row("Query", To::Text("winlog.wmi.query")),
    Row("Operation", To::Text("winlog.wmi.query")),
    Row("ClientProcessId", To::Number("process.pid")),
    Row("processid", To::Number("process.pid")),
    Row("ClientMachine", To::Text("source.domain")),
];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[5857],
        action: "wmi-provider-loaded",
        category: PROCESS,
        kind: &["info"],
        outcome: None,
        line: "WMI loaded the provider {ProviderName}[ from {ProviderPath}]",
        rows: &[QUERY],
    },
    Known {
        ids: &[5858],
        action: "wmi-query-failed",
        category: PROCESS,
        kind: &["error"],
        outcome: Some(false),
        line: "WMI: {winlog.wmi.query}[ of {user.name}] failed[ with {ResultCode}]",
        rows: &[QUERY],
    },
    Known {
        ids: &[5859],
        action: "wmi-subscription",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "WMI has a subscription in {NamespaceName}: {winlog.wmi.query}",
        rows: &[QUERY],
    },
    Known {
        ids: &[5860],
        action: "wmi-temporary-subscription",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "{user.name} subscribed to WMI in {NamespaceName}: {winlog.wmi.query}",
        rows: &[QUERY],
    },
    Known {
        ids: &[5861],
        action: "wmi-permanent-subscription",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "WMI has a permanent subscription in {Namespace}: {winlog.wmi.consumer}",
        rows: &[QUERY],
    },
];
