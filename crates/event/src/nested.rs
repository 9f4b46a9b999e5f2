//! An event as the text of one nested ECS object, written straight from its fields: what [`View::to_json`] gives, without
//! building it.

use serde_json::Value;

use crate::fields::place_of;
use crate::json::{write_text, write_value};
use crate::{View, names};

/// Appends the object of `view`.
pub(crate) fn write(out: &mut Vec<u8>, view: &View<'_>) {
    let own = view.own_fields();
    let fields = joined(view, &own);
    if !fields.iter().all(|(name, value)| is_plain(name, value)) {
        // An object within a field may be joined by others, and a field may be called `message`: rare, and not fast.
        write_value(out, &view.to_json());
        return;
    }
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(names::TIMESTAMP.as_bytes());
    out.extend_from_slice(b"\":");
    write_text(out, &view.event.time.to_string());
    out.extend_from_slice(b",\"");
    out.extend_from_slice(names::MESSAGE.as_bytes());
    out.extend_from_slice(b"\":");
    write_text(out, &view.event.message);
    let mut objects = Objects::default();
    for (name, value) in &fields {
        let is_value = |name: &str| fields.binary_search_by(|(have, _)| (*have).cmp(name)).is_ok();
        let (within, key) = place_of(name, is_value);
        objects.go_to(out, within);
        objects.member(out, key);
        write_value(out, value);
    }
    objects.go_to(out, None);
    out.push(b'}');
}

/// All fields in order of name. Those of our own hide those of the event, and these hide constants.
fn joined<'a>(view: &View<'a>, own: &'a [(&'static str, Value)]) -> Vec<(&'a str, &'a Value)> {
    let is_own = |name: &str| own.iter().any(|(have, _)| *have == name);
    let mut fields: Vec<_> = view.fields().filter(|(name, _)| !is_own(name)).collect();
    fields.extend(own.iter().map(|(name, value)| (*name, value)));
    fields.sort_by_key(|(name, _)| *name);
    fields
}

fn is_plain(name: &str, value: &Value) -> bool {
    let head = name.split_once('.').map_or(name, |(head, _)| head);
    !value.is_object() && head != names::MESSAGE && head != names::TIMESTAMP
}

/// Which objects are open below the outermost.
#[derive(Default)]
struct Objects<'a> {
    open: Vec<&'a str>,
    /// Nothing stands in the innermost yet.
    empty: bool,
}

impl<'a> Objects<'a> {
    /// Closes and opens until those of a dotted name are open.
    fn go_to(&mut self, out: &mut Vec<u8>, within: Option<&'a str>) {
        let wanted = || within.into_iter().flat_map(|within| within.split('.'));
        let shared = self.open.iter().zip(wanted()).take_while(|(a, b)| **a == *b).count();
        while self.open.len() > shared {
            self.open.pop();
            self.empty = false;
            out.push(b'}');
        }
        for part in wanted().skip(shared) {
            self.member(out, part);
            out.push(b'{');
            self.open.push(part);
            self.empty = true;
        }
    }

    fn member(&mut self, out: &mut Vec<u8>, name: &str) {
        if !std::mem::take(&mut self.empty) {
            out.push(b',');
        }
        write_text(out, name);
        out.push(b':');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View};

    fn value() -> impl Strategy<Value = Value> {
        let simple = [json!(null), json!(true), json!(-1.5), json!(7), json!("a\"\n\u{1}ж")];
        let rare = [json!([1, "x"]), json!([]), json!({}), json!({"b": 1, "c": {}})];
        prop_oneof![9 => prop::sample::select(simple.to_vec()), 1 => prop::sample::select(rare.to_vec())]
    }

    fn fields() -> impl Strategy<Value = Fields> {
        let part = prop::sample::select(vec![
            "a",
            "b",
            "a-b",
            "",
            "a!",
            "\"",
            "ж",
            "event",
            "agent",
            "id",
            "watchpost",
        ]);
        let odd = prop::sample::select(vec!["message", "@timestamp", "message.a", "watchpost.position"]);
        let name = prop_oneof![20 => prop::collection::vec(part, 1..5).prop_map(|parts| parts.join(".")), 1 => odd.prop_map(str::to_owned)];
        prop::collection::vec((name, value()), 0..12).prop_map(|all| {
            let mut fields = Fields::new();
            for (name, value) in all {
                fields.set(name, value);
            }
            fields
        })
    }

    fn with_view<T>(own: Fields, constants: Fields, n: u32, look: impl FnOnce(View<'_>) -> T) -> T {
        let event = Event {
            time: Timestamp(1_700_000_000_123_456_789),
            position: 40,
            n,
            message: "what \"happened\"".to_owned(),
            fields: own,
        };
        let origin = Origin {
            agent: AgentId::new("web-1").expect("a name"),
            stream: StreamId::new("file:/var/log/x").expect("a name"),
            epoch: Epoch(7),
            fields: constants,
        };
        look(View {
            event: &event,
            origin: &origin,
        })
    }

    proptest! {
        #[test]
        fn the_text_is_that_of_the_object(own in fields(), constants in fields(), n in 0u32..2) {
            let (text, object) = with_view(own, constants, n, |view| (view.to_json_text(), view.to_json()));
            let read: Value = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(read, object, "{}", text);
        }
    }

    #[test]
    fn a_name_of_a_hundred_thousand_dots_is_not_followed() {
        let name = vec!["a"; 100_000].join(".");
        for beside in [json!({}), json!({"a": {"b": {}}})] {
            let mut own = Fields::from_object(beside.as_object().cloned().unwrap_or_default());
            own.set(name.as_str(), 1);
            let (text, object) = with_view(own.clone(), Fields::new(), 0, |view| {
                (view.to_json_text(), view.to_json())
            });
            let read: Value = serde_json::from_str(&text).expect("nested less than a reader of JSON allows");
            assert_eq!(read, object);
            let Value::Object(members) = object else {
                panic!("an object")
            };
            assert_eq!(Fields::from_object(members).get(&name), Some(&json!(1)));
        }
    }

    #[test]
    fn what_stands_together_is_written_together() {
        let own =
            json!({"a": 1, "a-b": 2, "a.b": 3, "process.name": "x", "process.parent.name": "y", "process.pid": 4});
        let own = Fields::from_object(own.as_object().cloned().unwrap_or_default());
        let text = with_view(own, Fields::new(), 0, |view| view.to_json_text());
        assert!(
            text.contains(r#""a":1,"a-b":2,"a.b":3,"agent":{"id":"web-1"},"process":{"name":"x","parent":{"name":"y"},"pid":4},"watchpost":{"#),
            "{text}"
        );
    }
}
