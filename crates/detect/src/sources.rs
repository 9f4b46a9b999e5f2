//! What an event is about: its log sources.
//!
//! Its fields `watchpost.logsource.*` say so. An event of a Windows log that was shipped as it is says it by channel and
//! number as well, and may be of several log sources at once: a value set in the registry is `registry_set`,
//! `registry_event` and of the service `sysmon`. Events that say nothing of it themselves say it by [`ecs`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use watchpost_event::{FieldRef, LogSource, View, names};

use crate::ecs;
use crate::index::RuleSet;
use crate::table::hash;

/// One log source of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source<'a> {
    pub(crate) product: Option<&'a str>,
    pub(crate) category: Option<&'a str>,
    pub(crate) service: Option<&'a str>,
}

impl<'a> Source<'a> {
    fn parts(&self) -> [Option<&'a str>; 3] {
        [self.product, self.category, self.service]
    }
}

const WINDOWS: &str = "windows";
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

const CHANNEL_FIELDS: [&str; 2] = ["Channel", "winlog.channel"];
const PROVIDER_FIELDS: [&str; 3] = ["SourceName", "Provider_Name", "winlog.provider_name"];
const NUMBER_FIELDS: [&str; 3] = ["EventID", "winlog.event_id", "event.code"];
const EVENT_TYPE_FIELDS: [&str; 2] = ["EventType", "winlog.event_data.EventType"];

/// What an event is about; at least one.
pub(crate) fn sources<'a>(view: &View<'a>) -> Vec<Source<'a>> {
    let own = Source {
        product: text(view, names::LOGSOURCE_PRODUCT),
        category: text(view, names::LOGSOURCE_CATEGORY),
        service: text(view, names::LOGSOURCE_SERVICE),
    };
    // A product alone is that of the machine which read the file; what the event says of itself is nearer.
    let is_machine = own.category.is_none() && own.service.is_none();
    let Some(service) = service(view) else {
        let by_ecs = if is_machine {
            ecs::sources(view, own.product)
        } else {
            Vec::new()
        };
        return if by_ecs.is_empty() { vec![own] } else { by_ecs };
    };
    let mut sources = if is_machine { Vec::new() } else { vec![own] };
    let categories = categories(service, view);
    if categories.is_empty() {
        add(&mut sources, WINDOWS, None, service);
    }
    for category in categories {
        add(&mut sources, WINDOWS, Some(category), service);
    }
    sources
}

fn add<'a>(sources: &mut Vec<Source<'a>>, product: &'a str, category: Option<&'a str>, service: &'a str) {
    let source = Source {
        product: Some(product),
        category,
        service: Some(service),
    };
    if !sources.contains(&source) {
        sources.push(source);
    }
}

/// Whether a rule of this log source may look at such events.
pub(crate) fn concerns(rule: &LogSource, event: &Source<'_>) -> bool {
    agrees(rule.product.as_deref(), event.product)
        && agrees(rule.category.as_deref(), event.category)
        && agrees(rule.service.as_deref(), event.service)
}

/// Whether one part of a rule's log source is that of an event: what the rule leaves open is.
pub(crate) fn agrees(rule: Option<&str>, event: Option<&str>) -> bool {
    match (rule, event) {
        (None, _) => true,
        (Some(rule), Some(event)) => rule.eq_ignore_ascii_case(event),
        (Some(_), None) => false,
    }
}

fn text<'a>(view: &View<'a>, name: &str) -> Option<&'a str> {
    match view.get(name)? {
        FieldRef::Json(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Which Windows log it is from.
fn service(view: &View<'_>) -> Option<&'static str> {
    let named = |fields: &[&str], table: &[(&str, &'static str)]| {
        let name = fields.iter().find_map(|field| text(view, field))?;
        let found = table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, service)| *service)
    };
    named(&CHANNEL_FIELDS, CHANNELS).or_else(|| named(&PROVIDER_FIELDS, PROVIDERS))
}

/// The categories of a Windows event: only some logs have any.
fn categories(service: &str, view: &View<'_>) -> &'static [&'static str] {
    let Some(number) = NUMBER_FIELDS.iter().find_map(|field| number(view, field)) else {
        return &[];
    };
    match (service, number) {
        (SYSMON, 12) => match EVENT_TYPE_FIELDS.iter().find_map(|field| text(view, field)) {
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

fn number(view: &View<'_>, name: &str) -> Option<u64> {
    match view.get(name)? {
        FieldRef::Json(Value::Number(number)) => number.as_u64(),
        FieldRef::Json(Value::String(text)) => text.parse().ok(),
        _ => None,
    }
}

/// Which log sources of rules concern events, remembered by a hash of the log sources of the events: they are few.
#[derive(Default)]
pub(crate) struct Ways(RwLock<HashMap<u64, (OfEvent, Arc<Way>)>>);

/// What concerns events of some log sources.
pub(crate) struct Way {
    /// The places of the log sources of rules.
    pub(crate) routes: Vec<usize>,
    /// Their rules.
    pub(crate) rules: RuleSet,
}

/// The log sources of an event: product, category and service of each.
type OfEvent = Vec<[Option<String>; 3]>;

/// Whoever writes a log may choose what it is called: of more combinations none is remembered.
const WAYS_MAX: usize = 1_024;

impl Ways {
    /// What concerns an event of these log sources; a route is a log source of rules and where its rules stand.
    pub(crate) fn of(&self, routes: &[(LogSource, Range<usize>)], event: &[Source<'_>]) -> Arc<Way> {
        let key = key(event);
        // A poisoned lock is whole: what is remembered is put in by one call.
        if let Some((of, way)) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key)
            && is_of(of, event)
        {
            return way.clone();
        }
        let concerned = |rule: &LogSource| event.iter().any(|source| concerns(rule, source));
        let places: Vec<_> = (0..routes.len()).filter(|&at| concerned(&routes[at].0)).collect();
        let mut rules = RuleSet::none_of(routes.last().map_or(0, |(_, range)| range.end));
        for at in &places {
            rules.add_all(routes[*at].1.clone());
        }
        let way = Arc::new(Way { routes: places, rules });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < WAYS_MAX {
            let owned = |source: &Source<'_>| source.parts().map(|part| part.map(str::to_owned));
            known.insert(key, (event.iter().map(owned).collect(), way.clone()));
        }
        way
    }
}

fn key(event: &[Source<'_>]) -> u64 {
    let parts = event.iter().flat_map(Source::parts);
    parts.fold(0, |key: u64, part| key.rotate_left(7) ^ part.map_or(1, hash))
}

fn is_of(of: &OfEvent, event: &[Source<'_>]) -> bool {
    let same =
        |(of, source): (&[Option<String>; 3], &Source<'_>)| of.each_ref().map(Option::as_deref) == source.parts();
    of.len() == event.len() && of.iter().zip(event).all(same)
}
