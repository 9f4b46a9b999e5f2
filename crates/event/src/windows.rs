//! The logs of Windows, as Sigma calls them.

/// Sigma's product of all of them.
pub const PRODUCT: &str = "windows";
const SYSMON: &str = "sysmon";

/// The channels of Windows logs (lower case) and what Sigma calls them.
const CHANNELS: &[(&str, &str)] = &[
    ("security", "security"),
    ("system", "system"),
    ("application", "application"),
    ("setup", "setup"),
    ("windows powershell", "powershell-classic"),
    ("dns server", "dns-server"),
    ("msexchange management", "msexchange-management"),
    ("microsoft-servicebus-client", "microsoft-servicebus-client"),
    ("openssh/operational", "openssh"),
    ("powershellcore/operational", "powershell"),
    ("microsoft-windows-sysmon/operational", SYSMON),
    ("microsoft-windows-powershell/operational", "powershell"),
    ("microsoft-windows-windows defender/operational", "windefend"),
    ("microsoft-windows-taskscheduler/operational", "taskscheduler"),
    ("microsoft-windows-wmi-activity/operational", "wmi"),
    ("microsoft-windows-bits-client/operational", "bits-client"),
    (
        "microsoft-windows-windows firewall with advanced security/firewall",
        "firewall-as",
    ),
    ("microsoft-windows-dns-server/audit", "dns-server-audit"),
    ("microsoft-windows-dns-server/analytical", "dns-server-analytic"),
    ("microsoft-windows-dnsserver/audit", "dns-server-audit"),
    ("microsoft-windows-dnsserver/analytical", "dns-server-analytic"),
    ("microsoft-windows-dns client events/operational", "dns-client"),
    ("microsoft-windows-dns-client/operational", "dns-client"),
    ("microsoft-windows-ntlm/operational", "ntlm"),
    (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
        "terminalservices-localsessionmanager",
    ),
    (
        "microsoft-windows-codeintegrity/operational",
        "codeintegrity-operational",
    ),
    ("microsoft-windows-applocker/exe and dll", "applocker"),
    ("microsoft-windows-applocker/msi and script", "applocker"),
    ("microsoft-windows-applocker/packaged app-deployment", "applocker"),
    ("microsoft-windows-applocker/packaged app-execution", "applocker"),
    ("microsoft-windows-printservice/admin", "printservice-admin"),
    ("microsoft-windows-printservice/operational", "printservice-operational"),
    ("microsoft-windows-smbclient/security", "smbclient-security"),
    ("microsoft-windows-smbclient/connectivity", "smbclient-connectivity"),
    ("microsoft-windows-smbserver/connectivity", "smbserver-connectivity"),
    (
        "microsoft-windows-driverframeworks-usermode/operational",
        "driver-framework",
    ),
    ("microsoft-windows-ldap-client/debug", "ldap"),
    ("microsoft-windows-ldap-client/debug/etw", "ldap_debug"),
    ("microsoft-windows-lsa/operational", "lsa-server"),
    ("microsoft-windows-shell-core/operational", "shell-core"),
    (
        "microsoft-windows-security-mitigations/kernel mode",
        "security-mitigations",
    ),
    (
        "microsoft-windows-security-mitigations/user mode",
        "security-mitigations",
    ),
    ("microsoft-windows-diagnosis-scripted/operational", "diagnosis-scripted"),
    (
        "microsoft-windows-appxdeploymentserver/operational",
        "appxdeployment-server",
    ),
    ("microsoft-windows-appxpackaging/operational", "appxpackaging-om"),
    ("microsoft-windows-appmodel-runtime/admin", "appmodel-runtime"),
    ("microsoft-windows-capi2/operational", "capi2"),
    ("microsoft-iis-configuration/operational", "iis-configuration"),
    (
        "microsoft-windows-certificateservicesclient-lifecycle-system/operational",
        "certificateservicesclient-lifecycle-system",
    ),
    ("microsoft-windows-kernel-shimengine/operational", "kernel-shimengine"),
    ("microsoft-windows-kernel-event tracing", "kernel-event-tracing"),
    ("microsoft-windows-sense/operational", "sense"),
    ("microsoft-windows-vhdmp/operational", "vhdmp"),
];

/// Who writes them (lower case), for events that do not name their channel.
const PROVIDERS: &[(&str, &str)] = &[
    ("microsoft-windows-sysmon", SYSMON),
    ("microsoft-windows-security-auditing", "security"),
    ("microsoft-windows-powershell", "powershell"),
    ("powershell", "powershell-classic"),
    ("service control manager", "system"),
    ("microsoft-windows-windows defender", "windefend"),
    ("microsoft-windows-taskscheduler", "taskscheduler"),
    ("microsoft-windows-wmi-activity", "wmi"),
    ("microsoft-windows-bits-client", "bits-client"),
];

/// Which log a channel is (in any case); without a known channel, which log its provider writes. Empty: not known.
pub fn service(channel: &str, provider: &str) -> Option<&'static str> {
    let named = |name: &str, table: &[(&str, &'static str)]| {
        let found = table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, service)| *service)
    };
    named(channel, CHANNELS).or_else(|| named(provider, PROVIDERS))
}

/// The categories of a log's event by its number, where Sigma has any; the first is the nearest. `kind` is the value
/// `EventType`.
pub fn categories(service: &str, number: u64, kind: Option<&str>) -> &'static [&'static str] {
    match (service, number) {
        (SYSMON, 12) => match kind {
            Some("CreateKey") => &["registry_add", "registry_event"],
            Some("DeleteKey" | "DeleteValue") => &["registry_delete", "registry_event"],
            _ => &["registry_add", "registry_delete", "registry_event"],
        },
        (SYSMON, _) => sysmon(number),
        ("security", 4688) => &["process_creation"],
        ("powershell", 4103) => &["ps_module"],
        ("powershell", 4104) => &["ps_script"],
        ("powershell-classic", 400) => &["ps_classic_start"],
        ("powershell-classic", 600) => &["ps_classic_provider_start"],
        ("powershell-classic", 800) => &["ps_classic_script"],
        _ => &[],
    }
}

/// Sysmon's events by number.
fn sysmon(number: u64) -> &'static [&'static str] {
    match number {
        1 => &["process_creation"],
        2 => &["file_change"],
        3 => &["network_connection"],
        4 | 16 => &["sysmon_status"],
        5 => &["process_termination"],
        6 => &["driver_load"],
        7 => &["image_load"],
        8 => &["create_remote_thread"],
        9 => &["raw_access_thread"],
        10 => &["process_access"],
        11 => &["file_event"],
        13 => &["registry_set", "registry_event"],
        14 => &["registry_rename", "registry_event"],
        15 => &["create_stream_hash"],
        17 | 18 => &["pipe_created"],
        19..=21 => &["wmi_event"],
        22 => &["dns_query"],
        23 | 26 => &["file_delete"],
        24 => &["clipboard_capture"],
        25 => &["process_tampering"],
        27 => &["file_block_executable"],
        28 => &["file_block_shredding"],
        29 => &["file_executable_detected"],
        255 => &["sysmon_error"],
        _ => &[],
    }
}
