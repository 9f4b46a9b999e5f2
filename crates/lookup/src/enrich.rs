//! What an event gains: where its addresses are, what lists say of them, what services have said of its files. Nothing an
//! event says itself is overwritten, and the bytes it came as are never touched.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{Decoded, Event, Fields, Timestamp};

use crate::indicator::{HashKey, domain_name};
use crate::local::{AsPlace, GeoPlace};
use crate::{Indicator, IndicatorKind, Known, Local, Opinion, Places, Verdict};

/// Where hashes of files stand, the strongest first.
const HASHES: [&str; 6] = [
    "process.hash.sha256",
    "file.hash.sha256",
    "process.hash.sha1",
    "file.hash.sha1",
    "process.hash.md5",
    "file.hash.md5",
];
/// Where domains stand.
const DOMAINS: [&str; 4] = ["destination.domain", "url.domain", "dns.question.name", "source.domain"];
const SERVICE: &str = "watchpost.lookup.service";
const VERDICT: &str = "watchpost.lookup.verdict";
const INDICATOR_TYPE: &str = "threat.indicator.type";

/// The names of one side of a connection.
struct Side {
    ip: &'static str,
    country_iso_code: &'static str,
    country_name: &'static str,
    city_name: &'static str,
    as_number: &'static str,
    as_organization: &'static str,
}

const SIDES: [Side; 2] = [
    Side {
        ip: "source.ip",
        country_iso_code: "source.geo.country_iso_code",
        country_name: "source.geo.country_name",
        city_name: "source.geo.city_name",
        as_number: "source.as.number",
        as_organization: "source.as.organization.name",
    },
    Side {
        ip: "destination.ip",
        country_iso_code: "destination.geo.country_iso_code",
        country_name: "destination.geo.country_name",
        city_name: "destination.geo.city_name",
        as_number: "destination.as.number",
        as_organization: "destination.as.organization.name",
    },
];

/// Adds what is known to events.
#[derive(Debug)]
pub struct Enricher {
    places: Arc<Places>,
    known: Arc<Known>,
}

/// What an event says itself, with what holds for its whole batch.
struct Said<'a> {
    own: &'a Fields,
    constant: &'a Fields,
}

impl<'a> Said<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        self.own.text(name).or_else(|| self.constant.text(name))
    }

    fn has(&self, name: &str) -> bool {
        self.own.get(name).is_some() || self.constant.get(name).is_some()
    }
}

/// The worst that is known, and of what.
struct Worst {
    indicator: Indicator,
    verdict: Arc<Verdict>,
}

impl Enricher {
    /// By these files and these answers.
    pub const fn new(places: Arc<Places>, known: Arc<Known>) -> Self {
        Self { places, known }
    }

    /// Adds what is known at `now` to the events of a batch.
    pub fn enrich(&self, batch: &mut Decoded, now: Timestamp) {
        let local = self.places.current();
        let origin = Arc::clone(&batch.origin);
        for event in &mut batch.events {
            self.enrich_event(event, &origin.fields, &local, now);
        }
    }

    fn enrich_event(&self, event: &mut Event, constant: &Fields, local: &Local, now: Timestamp) {
        let said = Said {
            own: &event.fields,
            constant,
        };
        let mut added = Vec::new();
        if local.has_geo() {
            for side in &SIDES {
                geography(&said, side, local, &mut added);
            }
        }
        let worst = if said.has(VERDICT) || said.has(INDICATOR_TYPE) {
            None
        } else {
            self.worst(&said, local, now)
        };
        for (name, value) in added {
            event.fields.set(name, value);
        }
        if let Some(Worst { indicator, verdict }) = worst {
            put_verdict(&mut event.fields, &indicator, &verdict);
        }
    }

    fn worst(&self, said: &Said<'_>, local: &Local, now: Timestamp) -> Option<Worst> {
        let mut worst: Option<Worst> = None;
        let mut add = |indicator: Indicator, verdict: Arc<Verdict>| {
            if worst
                .as_ref()
                .is_none_or(|worst| verdict.opinion > worst.verdict.opinion)
            {
                worst = Some(Worst { indicator, verdict });
            }
        };
        let has_hashes = local.has(IndicatorKind::Hash);
        if has_hashes || !self.known.is_empty() {
            for text in HASHES.iter().filter_map(|name| said.text(name)) {
                let (Some(key), Some(indicator)) = (HashKey::read(text), Indicator::hash(text)) else {
                    continue;
                };
                if let Some(verdict) = self.known.get(&key, now) {
                    add(indicator.clone(), verdict);
                }
                if has_hashes {
                    listed(local, &indicator, now, &mut add);
                }
            }
        }
        if local.has(IndicatorKind::Ip) {
            let addresses = SIDES.iter().filter_map(|side| said.text(side.ip)?.parse().ok());
            addresses.for_each(|address| listed(local, &Indicator::ip(address), now, &mut add));
        }
        if local.has(IndicatorKind::Domain) {
            let names = DOMAINS.iter().filter_map(|name| domain_name(said.text(name)?));
            for indicator in names.filter_map(|name| Indicator::domain(&name)) {
                listed(local, &indicator, now, &mut add);
            }
        }
        worst
    }
}

fn listed(local: &Local, indicator: &Indicator, now: Timestamp, add: &mut impl FnMut(Indicator, Arc<Verdict>)) {
    for verdict in local.look(indicator, now) {
        add(indicator.clone(), Arc::new(verdict));
    }
}

fn geography(said: &Said<'_>, side: &Side, local: &Local, added: &mut Vec<(&'static str, Value)>) {
    let Some(address) = said.text(side.ip).and_then(|text| text.parse::<IpAddr>().ok()) else {
        return;
    };
    let address = address.to_canonical();
    if is_private(address) {
        return;
    }
    let geo = [side.country_iso_code, side.country_name, side.city_name];
    if !geo.iter().any(|name| said.has(name))
        && let Some(GeoPlace {
            country_iso_code,
            country_name,
            city_name,
        }) = local.geo(address)
    {
        let values = geo.into_iter().zip([country_iso_code, country_name, city_name]);
        added.extend(values.filter_map(|(name, value)| Some((name, value?.into()))));
    }
    if !said.has(side.as_number)
        && !said.has(side.as_organization)
        && let Some(AsPlace { number, organization }) = local.network(address)
    {
        added.push((side.as_number, number.into()));
        added.extend(organization.map(|name| (side.as_organization, name.into())));
    }
}

/// Addresses that are nowhere on the map.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast()
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_unspecified(),
    }
}

/// Writes a verdict into an event, in the fields of ECS for what is bad.
pub fn put_verdict(fields: &mut Fields, indicator: &Indicator, verdict: &Verdict) {
    fields.set(SERVICE, verdict.service.as_str());
    fields.set(VERDICT, verdict.opinion.name());
    if let Some(positives) = verdict.positives {
        fields.set("watchpost.lookup.positives", positives);
    }
    if let Some(total) = verdict.total {
        fields.set("watchpost.lookup.total", total);
    }
    if !verdict.opinion.is_bad() {
        return;
    }
    let value = indicator.as_str();
    let (kind, field) = match indicator.kind() {
        IndicatorKind::Hash => ("file", hash_field(value)),
        IndicatorKind::Ip if value.contains(':') => ("ipv6-addr", "threat.indicator.ip"),
        IndicatorKind::Ip => ("ipv4-addr", "threat.indicator.ip"),
        IndicatorKind::Domain => ("domain-name", "threat.indicator.url.domain"),
    };
    fields.set(INDICATOR_TYPE, kind);
    fields.set(field, value);
    fields.set("threat.indicator.name", value);
    fields.set("threat.indicator.provider", verdict.service.as_str());
    let confidence = if verdict.opinion == Opinion::Malicious {
        "High"
    } else {
        "Medium"
    };
    fields.set("threat.indicator.confidence", confidence);
    if let Some(link) = &verdict.link {
        fields.set("threat.indicator.reference", link.as_str());
    }
    if !verdict.names.is_empty() {
        fields.set("threat.software.name", verdict.names.clone());
    }
}

const fn hash_field(value: &str) -> &'static str {
    match value.len() {
        64 => "threat.indicator.file.hash.sha256",
        40 => "threat.indicator.file.hash.sha1",
        _ => "threat.indicator.file.hash.md5",
    }
}
