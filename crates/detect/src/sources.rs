//! What an event is about: its log sources.
//!
//! Its fields `watchpost.logsource.*` say so. An event of a Windows log that was shipped as it is says it by channel and
//! number as well, and may be of several log sources at once: a value set in the registry is `registry_set`,
//! `registry_event` and of the service `sysmon`. Events that say nothing of it themselves say it by [`ecs`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use watchpost_event::{FieldRef, LogSource, View, names, windows};

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
        add(&mut sources, windows::PRODUCT, None, service);
    }
    for category in categories {
        add(&mut sources, windows::PRODUCT, Some(category), service);
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
    let said = |fields: &[&str]| fields.iter().find_map(|field| text(view, field)).unwrap_or_default();
    windows::service(said(&CHANNEL_FIELDS), said(&PROVIDER_FIELDS))
}

/// The categories of a Windows event: only some logs have any.
fn categories(service: &str, view: &View<'_>) -> &'static [&'static str] {
    let Some(number) = NUMBER_FIELDS.iter().find_map(|field| number(view, field)) else {
        return &[];
    };
    let kind = EVENT_TYPE_FIELDS.iter().find_map(|field| text(view, field));
    windows::categories(service, number, kind)
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
