//! Microsoft Defender Antivirus (learn.microsoft.com, "Review event logs and error codes").

use super::{CHANGE, CONFIGURATION, MALWARE, USER};
use crate::winlog::form::{Known, Row, To};

const THREAT: &[Row] = &[
    Row("Threat Name", To::Text("threat.software.name")),
    Row("Path", To::Scanned),
    Row("Process Name", To::Program("process.executable", "process.name")),
    Row("Detection User", To::Account(USER)),
    Row("User", To::Account(USER)),
    Row("Action Name", To::Text("winlog.defender.action")),
    Row("Severity Name", To::Text("winlog.defender.severity")),
];
const SETTING: &[Row] = &[
    Row("New Value", To::Text("winlog.defender.new_value")),
    Row("Old Value", To::Text("winlog.defender.old_value")),
];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[1006, 1015, 1116],
        action: "malware-detected",
        category: MALWARE,
        kind: &["info"],
        outcome: None,
        line: "Defender found {threat.software.name}[ in {file.path}][ ({user.name})]",
        rows: &[THREAT],
    },
    Known {
        ids: &[1007, 1117],
        action: "malware-handled",
        category: MALWARE,
        kind: &["info"],
        outcome: Some(true),
        line: "Defender dealt with {threat.software.name}[ in {file.path}][: {winlog.defender.action}]",
        rows: &[THREAT],
    },
    Known {
        ids: &[1008, 1118, 1119],
        action: "malware-not-handled",
        category: MALWARE,
        kind: &["error"],
        outcome: Some(false),
        line: "Defender could not deal with {threat.software.name}[ in {file.path}]",
        rows: &[THREAT],
    },
    Known {
        ids: &[1121, 1122],
        action: "attack-surface-rule",
        category: MALWARE,
        kind: &["denied"],
        outcome: None,
        line: "Defender's rule {ID} met {file.path}[, of {process.name}]",
        rows: &[THREAT],
    },
    Known {
        ids: &[5001],
        action: "real-time-protection-disabled",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "Defender's real-time protection was switched off",
        rows: &[],
    },
    Known {
        ids: &[5007],
        action: "defender-configuration-changed",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "Defender's configuration was changed[ from {Old Value}][ to {New Value}]",
        rows: &[SETTING],
    },
    Known {
        ids: &[5010, 5012],
        action: "scanning-disabled",
        category: CONFIGURATION,
        kind: CHANGE,
        outcome: None,
        line: "Defender's scanning was switched off",
        rows: &[],
    },
    Known {
        ids: &[5013],
        action: "tampering-blocked",
        category: CONFIGURATION,
        kind: &["denied"],
        outcome: None,
        line: "Defender kept its configuration from being changed[: {Changed Type}][: {Value}]",
        rows: &[],
    },
];
