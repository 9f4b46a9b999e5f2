//! What was held, told in one message: how much, since when, and the rules that found it, the worst first.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::tz::TimeZone;
use watchpost_event::Timestamp;

use crate::config::Language;
use crate::template::Markup;
use crate::{clean, words};

/// Rules of one message.
const RULES_MAX: usize = 10;
/// Hosts named for a rule.
const HOSTS_MAX: usize = 3;

/// What was held of one alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldStory {
    /// The alert's number.
    pub alert: i64,
    /// What its rule is called.
    pub rule: String,
    /// The rule's level: 20, 40, 60, 80 or 100.
    pub level: u8,
    /// On which host it began.
    pub host: Option<String>,
    /// Detections.
    pub count: u64,
    /// When the first of them was held.
    pub since: Timestamp,
}

/// What one rule found.
#[derive(Default)]
struct OfRule<'a> {
    count: u64,
    alerts: Vec<i64>,
    hosts: Vec<&'a str>,
}

/// The text for a channel.
pub(crate) fn text(held: &[HeldStory], language: Language, zone: &TimeZone, markup: Markup, address: &str) -> String {
    let mut rules: BTreeMap<(u8, &str), OfRule<'_>> = BTreeMap::new();
    for story in held {
        // Kept with its opposite, so that the worst comes first.
        let rule = rules.entry((u8::MAX - story.level, &story.rule)).or_default();
        rule.count += story.count;
        rule.alerts.push(story.alert);
        if let Some(host) = story.host.as_deref()
            && rule.hosts.len() <= HOSTS_MAX
            && !rule.hosts.contains(&host)
        {
            rule.hosts.push(host);
        }
    }
    let total: u64 = held.iter().map(|story| story.count).sum();
    let since = held.iter().map(|story| story.since).min().unwrap_or(Timestamp(0));
    let since = words::local_time(since, zone);
    let mut text = match language {
        Language::En => format!("and {total} more since {since}, alerts: {}", held.len()),
        Language::Ru => format!("и ещё {total} с {since}, оповещений: {}", held.len()),
    };
    for ((level, name), rule) in rules.iter().take(RULES_MAX) {
        let level = language.level(words::level_name(u8::MAX - level)).to_uppercase();
        let name = markup.escape(&clean::line(name));
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{level} {name}: {}{}", rule.count, places(rule, markup));
    }
    let more = rules.len().saturating_sub(RULES_MAX);
    if more > 0 {
        let _ = match language {
            Language::En => write!(text, "\n… and {more} more rules"),
            Language::Ru => write!(text, "\n… и ещё правил: {more}"),
        };
    }
    if !address.is_empty() {
        let _ = write!(text, "\n{address}/alerts");
    }
    text
}

/// `, web-1, web-2 … (#12, #13 …)`
fn places(rule: &OfRule<'_>, markup: Markup) -> String {
    let mut text = String::new();
    for host in rule.hosts.iter().take(HOSTS_MAX) {
        text.push_str(", ");
        text.push_str(&markup.escape(&clean::line(host)));
    }
    if rule.hosts.len() > HOSTS_MAX {
        text.push_str(" …");
    }
    let numbers: Vec<String> = rule
        .alerts
        .iter()
        .take(HOSTS_MAX)
        .map(|alert| format!("#{alert}"))
        .collect();
    let more = if rule.alerts.len() > HOSTS_MAX { " …" } else { "" };
    format!("{text} ({}{more})", numbers.join(", "))
}
