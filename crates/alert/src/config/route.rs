//! Channels and routes together, checked.

use std::time::Duration;

use watchpost_kit::DurationText;
use watchpost_query::Query;

use super::{AlertSections, ChannelSettings, Group, Hours, RouteSection};
use crate::AlertError;
use crate::terms::{Rate, Terms};

/// What people want to hear of when they have not said: trouble once a story, and every start of a watched program.
const DEFAULT_ROUTES: [(&str, Group); 2] = [
    (
        "watchpost.alert.severity:>=medium AND NOT watchpost.system:true",
        Group::Story,
    ),
    ("process.title:* AND watchpost.launch:true", Group::None),
];

/// Longer collections would never be looked at.
const DIGEST: (Duration, Duration) = (Duration::from_mins(1), Duration::from_hours(7 * 24));
const ESCALATE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(7 * 24));
const AFTER_MAX: u64 = 10_000;
const RATE_MAX: u64 = 10_000;
const RATE_UNITS: [(&str, Duration); 4] = [
    ("s", Duration::from_secs(1)),
    ("m", Duration::from_mins(1)),
    ("h", Duration::from_hours(1)),
    ("d", Duration::from_hours(24)),
];

/// A condition, and who is told on which terms.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) when: Query,
    pub(crate) hours: Option<Hours>,
    /// Places in the list of channels, with the terms of each.
    pub(crate) told: Vec<(usize, Terms)>,
}

/// All channels and routes of a configuration.
pub(crate) fn routes(sections: &AlertSections) -> Result<(Vec<ChannelSettings>, Vec<Route>), AlertError> {
    let mut channels: Vec<ChannelSettings> = Vec::new();
    for (n, section) in sections.channel.iter().enumerate() {
        let channel = ChannelSettings::read(n, section)?;
        if let Some(other) = channels.iter().find(|other| other.name == channel.name) {
            let reason = format!(
                "{:?} is the name of {} already: give each its own",
                channel.name, other.key
            );
            return Err(AlertError::config(format!("{}.name", channel.key), reason));
        }
        channels.push(channel);
    }
    let mut routes = Vec::new();
    if sections.route.is_empty() {
        for section in written_routes(sections) {
            routes.push(route("route (default)", &section, &channels)?);
        }
    }
    for (n, section) in sections.route.iter().enumerate() {
        routes.push(route(&format!("route[{n}]"), section, &channels)?);
    }
    Ok((channels, routes))
}

/// The routes of a configuration, or those that are used where it has none.
pub(crate) fn written_routes(sections: &AlertSections) -> Vec<RouteSection> {
    if !sections.route.is_empty() || sections.channel.is_empty() {
        return sections.route.clone();
    }
    let default = |(when, group): (&str, Group)| RouteSection {
        when: when.to_owned(),
        channels: sections.channel.iter().map(|channel| channel.name.clone()).collect(),
        group,
        ..RouteSection::default()
    };
    DEFAULT_ROUTES.into_iter().map(default).collect()
}

fn route(key: &str, section: &RouteSection, channels: &[ChannelSettings]) -> Result<Route, AlertError> {
    let hours = Hours::read(&section.hours).map_err(|reason| AlertError::config(format!("{key}.hours"), reason))?;
    let terms = terms(key, section)?;
    let rate = rate(&format!("{key}.rate"), &section.rate)?;
    let mut told = Vec::new();
    for place in places(&format!("{key}.channels"), &section.channels, channels)? {
        let rate = match rate {
            RouteRate::OfChannel => channels[place].rate,
            RouteRate::Own(rate) => rate,
        };
        told.push((place, Terms { rate, ..terms }));
    }
    if let Some(escalation) = &section.escalate {
        let escalate = between(&format!("{key}.escalate.after"), escalation.after.into(), ESCALATE)?;
        for place in places(&format!("{key}.escalate.channels"), &escalation.channels, channels)? {
            let terms = Terms {
                escalate,
                after: terms.after,
                within: terms.within,
                ..Terms::at_once(false)
            };
            told.push((place, terms));
        }
    }
    Ok(Route {
        when: query(&format!("{key}.when"), &section.when)?,
        hours,
        told,
    })
}

fn terms(key: &str, section: &RouteSection) -> Result<Terms, AlertError> {
    let after = section.after.unwrap_or(1);
    if !(1..=AFTER_MAX).contains(&after) {
        let reason = format!("{after} is not between 1 and {AFTER_MAX}");
        return Err(AlertError::config(format!("{key}.after"), reason));
    }
    let within = section.within.map_or(Duration::ZERO, Duration::from);
    if within > Duration::ZERO && after == 1 {
        let reason = "says within which time there must be `after` detections, of which there is but one";
        return Err(AlertError::config(format!("{key}.within"), reason));
    }
    let digest = if section.digest.is_empty() {
        Duration::ZERO
    } else {
        let key = format!("{key}.digest");
        let wrong = |error: watchpost_kit::TextError| AlertError::config(&key, error.to_string());
        let period: DurationText = section.digest.parse().map_err(wrong)?;
        between(&key, period.into(), DIGEST)?
    };
    Ok(Terms {
        each: section.group == Group::None,
        after,
        within,
        digest,
        ..Terms::at_once(false)
    })
}

fn between(key: &str, time: Duration, (least, most): (Duration, Duration)) -> Result<Duration, AlertError> {
    if (least..=most).contains(&time) {
        return Ok(time);
    }
    let [time, least, most] = [time, least, most].map(DurationText);
    Err(AlertError::config(
        key,
        format!("{time} is not between {least} and {most}"),
    ))
}

/// What a route says of how much a channel may get.
enum RouteRate {
    /// Nothing: what the channel has by itself.
    OfChannel,
    /// `none`, or `20/m`.
    Own(Option<Rate>),
}

fn rate(key: &str, text: &str) -> Result<RouteRate, AlertError> {
    match text {
        "" => return Ok(RouteRate::OfChannel),
        "none" => return Ok(RouteRate::Own(None)),
        _ => {}
    }
    let read = || {
        let (most, unit) = text.split_once('/')?;
        let most: u64 = most.trim().parse().ok()?;
        let (_, per) = RATE_UNITS.iter().find(|(name, _)| *name == unit.trim())?;
        (1..=RATE_MAX).contains(&most).then_some(Rate { most, per: *per })
    };
    let wrong = || {
        let text: String = text.chars().take(40).collect();
        let reason = format!("{text:?} is not a rate such as \"20/m\" (per s, m, h or d), or \"none\"");
        AlertError::config(key, reason)
    };
    Ok(RouteRate::Own(Some(read().ok_or_else(wrong)?)))
}

/// Where the named channels stand.
fn places(key: &str, names: &[String], channels: &[ChannelSettings]) -> Result<Vec<usize>, AlertError> {
    if names.is_empty() {
        return Err(AlertError::config(key, format!("is empty: {}", known(channels))));
    }
    let place = |name: &String| {
        let place = channels.iter().position(|channel| channel.name == *name);
        place.ok_or_else(|| AlertError::config(key, format!("no channel is named {name:?}: {}", known(channels))))
    };
    names.iter().map(place).collect()
}

/// A condition of the configuration.
pub(crate) fn query(key: &str, text: &str) -> Result<Query, AlertError> {
    watchpost_query::parse(text).map_err(|source| AlertError::Query {
        key: key.to_owned(),
        source,
    })
}

/// The channels there are, for whoever named another.
fn known(channels: &[ChannelSettings]) -> String {
    if channels.is_empty() {
        return "there are none, add a [[channel]]".to_owned();
    }
    let names: Vec<String> = channels.iter().map(|channel| format!("{:?}", channel.name)).collect();
    format!("name one of {}", names.join(", "))
}
