//! What events of the logs that are known mean.

mod defender;
mod powershell;
mod security;
mod security_accounts;
mod security_objects;
mod sysmon;
mod sysmon_objects;
mod system;
mod tasks;
mod wmi;

use super::form::{Account, Known};

/// What is known of an event: by its log (Sigma's name of it), who wrote it, and its number.
pub(super) fn find(service: &str, provider: &str, id: u64) -> Option<&'static Known> {
    let tables: &[&[Known]] = match service {
        "security" => &[security::EVENTS, security_accounts::EVENTS, security_objects::EVENTS],
        "sysmon" => &[sysmon::EVENTS, sysmon_objects::EVENTS],
        "powershell" => &[powershell::EVENTS],
        "powershell-classic" => &[powershell::CLASSIC],
        "system" => match provider {
            "Service Control Manager" => &[system::SERVICES],
            "Microsoft-Windows-Eventlog" | "EventLog" => &[system::EVENT_LOG],
            "User32" | "Microsoft-Windows-Kernel-General" | "Microsoft-Windows-Kernel-Power" => &[system::POWER],
            _ => return None,
        },
        "windefend" => &[defender::EVENTS],
        "taskscheduler" => &[tasks::EVENTS],
        "wmi" => &[wmi::EVENTS],
        _ => return None,
    };
    let known = tables.iter().copied().flatten().find(|known| known.ids.contains(&id));
    known.or_else(|| (service == "security").then_some(&security::OTHER))
}

/// Whose action it was.
const USER: Account = Account {
    id: "user.id",
    name: "user.name",
    domain: "user.domain",
};
/// As whom it was done.
const EFFECTIVE: Account = Account {
    id: "user.effective.id",
    name: "user.effective.name",
    domain: "user.effective.domain",
};
/// To whom it was done.
const TARGET: Account = Account {
    id: "user.target.id",
    name: "user.target.name",
    domain: "user.target.domain",
};
/// To which group it was done.
const GROUP: Account = Account {
    id: "group.id",
    name: "group.name",
    domain: "group.domain",
};

const AUTHENTICATION: &[&str] = &["authentication"];
const CONFIGURATION: &[&str] = &["configuration"];
const DRIVER: &[&str] = &["driver"];
const FILE: &[&str] = &["file"];
const HOST: &[&str] = &["host"];
const IAM: &[&str] = &["iam"];
const LIBRARY: &[&str] = &["library"];
const MALWARE: &[&str] = &["malware"];
const NETWORK: &[&str] = &["network"];
const PROCESS: &[&str] = &["process"];
const REGISTRY: &[&str] = &["registry"];

const ACCESS: &[&str] = &["access"];
const CHANGE: &[&str] = &["change"];
const CREATION: &[&str] = &["creation"];
const DELETION: &[&str] = &["deletion"];
const END: &[&str] = &["end"];
const INFO: &[&str] = &["info"];
const START: &[&str] = &["start"];
