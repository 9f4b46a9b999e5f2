//! Values of others within a query of ours.

/// As a phrase of the query language, in quotes.
pub(crate) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};

    use super::quoted;

    #[test]
    fn whatever_a_value_holds_it_is_one_phrase() {
        for value in ["web-1", "a\" OR x:\"b", "C:\\logs\\a.log", "\\\"", "a\\", "*", "ü \n"] {
            let query = watchpost_query::parse(&format!("x.y:{}", quoted(value))).unwrap();
            let event = |value: &str| Event::new(Timestamp(0), 1, "").with("x.y", value);
            let origin = Origin {
                agent: AgentId::new("a").unwrap(),
                stream: StreamId::new("s").unwrap(),
                epoch: Epoch(0),
                fields: Fields::new(),
            };
            let matches = |event: &Event| query.matches(&View { event, origin: &origin });
            assert!(matches(&event(value)), "{value:?}");
            assert!(!matches(&event("something else")), "{value:?}");
        }
    }
}
