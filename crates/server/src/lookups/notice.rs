//! What is told of a look-up: an event of the stream `lookup`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchpost_catalog::Lookup;
use watchpost_event::{Event, LogSource, Severity, names};
use watchpost_lookup::{Indicator, IndicatorKind, Opinion, ServiceKind, Verdict, put_verdict};

/// A verdict that somebody should know, with where the indicator was first seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Notice {
    pub(crate) value: String,
    pub(crate) verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
}

impl Notice {
    pub(crate) fn new(lookup: &Lookup, verdict: &Verdict) -> Self {
        Self {
            value: lookup.value.clone(),
            verdict: verdict.clone(),
            event_id: lookup.event_id.clone(),
            host: lookup.host_name.clone(),
            path: lookup.path.clone(),
            user: lookup.username.clone(),
        }
    }

    /// Its event; `None` for an indicator that this version does not know.
    pub(crate) fn event(&self) -> Option<Event> {
        let indicator: Indicator = self.value.parse().ok()?;
        let level = if self.verdict.opinion == Opinion::Malicious {
            Severity::Critical
        } else {
            Severity::Warning
        };
        let mut event = Event::new(self.verdict.looked_at, 0, self.message(&indicator))
            .with(names::EVENT_KIND, "enrichment")
            .with(names::EVENT_CATEGORY, Value::from(vec!["malware"]))
            .with(names::EVENT_TYPE, Value::from(vec!["info"]))
            .with(names::EVENT_ACTION, format!("lookup-{}", self.verdict.opinion.name()))
            .with(names::LOG_LEVEL, level.name());
        let source = LogSource {
            product: Some("watchpost".to_owned()),
            category: None,
            service: Some("lookup".to_owned()),
        };
        source.put(&mut event.fields);
        put_verdict(&mut event.fields, &indicator, &self.verdict);
        let hash = match (indicator.kind(), self.value.len()) {
            (IndicatorKind::Hash, 64) => Some("file.hash.sha256"),
            (IndicatorKind::Hash, 40) => Some("file.hash.sha1"),
            (IndicatorKind::Hash, _) => Some("file.hash.md5"),
            _ => None,
        };
        let seen = [
            (names::HOST_NAME, &self.host),
            ("file.path", &self.path),
            ("user.name", &self.user),
            ("watchpost.lookup.event", &self.event_id),
        ];
        for (name, value) in seen {
            if let Some(value) = value {
                event.fields.set(name, value.as_str());
            }
        }
        if let Some(name) = hash {
            event.fields.set(name, self.value.as_str());
        }
        Some(event)
    }

    fn message(&self, indicator: &Indicator) -> String {
        let verdict = &self.verdict;
        let service = ServiceKind::read(&verdict.service).map_or(verdict.service.as_str(), |kind| kind.title());
        let what = match (indicator.kind(), &self.path) {
            (IndicatorKind::Hash, Some(path)) => format!("{path} ({indicator})"),
            (IndicatorKind::Hash, None) => format!("the file {indicator}"),
            _ => indicator.to_string(),
        };
        let opinion = verdict.opinion.name();
        let names = match verdict.names.first() {
            Some(name) => format!(", known as {name}"),
            None => String::new(),
        };
        match (verdict.positives, verdict.total) {
            (Some(positives), Some(total)) if positives > 0 => {
                format!(
                    "{service}: {positives} of {total} engines call {what} {}{names}",
                    Opinion::Malicious.name()
                )
            }
            _ => format!("{service} calls {what} {opinion}{names}"),
        }
    }
}

/// When it is told under its place in the stream.
pub(crate) fn placed(mut event: Event, position: u64) -> Event {
    event.position = position;
    event
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::Timestamp;

    use super::*;

    #[test]
    fn a_verdict_becomes_a_sentence_and_fields() {
        let hash = "ab".repeat(32);
        let verdict = Verdict {
            service: "virustotal".to_owned(),
            opinion: Opinion::Malicious,
            positives: Some(45),
            total: Some(70),
            names: vec!["trojan.mirai".to_owned()],
            link: Some(format!("https://www.virustotal.com/gui/file/{hash}")),
            looked_at: Timestamp(7),
        };
        let notice = Notice {
            value: hash.clone(),
            verdict,
            event_id: Some("web-1/1/process@4.0".to_owned()),
            host: Some("web-1".to_owned()),
            path: Some("/tmp/x".to_owned()),
            user: Some("anna".to_owned()),
        };
        let event = notice.event().unwrap();
        assert_eq!(
            event.message,
            format!("VirusTotal: 45 of 70 engines call /tmp/x ({hash}) malicious, known as trojan.mirai")
        );
        for (name, value) in [
            ("event.kind", "enrichment"),
            ("host.name", "web-1"),
            ("file.path", "/tmp/x"),
            ("file.hash.sha256", hash.as_str()),
            ("threat.indicator.type", "file"),
            ("threat.indicator.confidence", "High"),
            ("watchpost.lookup.verdict", "malicious"),
            ("watchpost.logsource.service", "lookup"),
        ] {
            assert_eq!(event.fields.text(name), Some(value), "{name}");
        }
        let again: Notice = serde_json::from_str(&serde_json::to_string(&notice).unwrap()).unwrap();
        assert_eq!(again, notice);
    }
}
