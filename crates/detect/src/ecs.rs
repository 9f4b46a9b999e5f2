//! What events are about that others categorised by ECS and that say no log source: those of other shippers, sent as
//! JSON. From `event.category` and `event.type` (elastic.co/docs/reference/ecs/ecs-category-field-values-reference) follow
//! Sigma's categories, and from `host.os.*` its product.

use serde_json::Value;
use watchpost_event::{FieldRef, View, names};

use crate::sources::Source;

/// `event.category`, `event.type` (none: any) and what Sigma calls such events.
const CATEGORIES: &[(&str, Option<&str>, &[&str])] = &[
    ("process", Some("start"), &["process_creation"]),
    ("process", Some("end"), &["process_termination"]),
    ("file", Some("creation"), &["file_event"]),
    ("file", Some("change"), &["file_event"]),
    ("file", Some("deletion"), &["file_delete"]),
    ("file", Some("access"), &["file_access"]),
    ("network", Some("connection"), &["network_connection"]),
    ("network", Some("start"), &["network_connection"]),
    ("network", Some("allowed"), &["firewall"]),
    ("network", Some("denied"), &["firewall"]),
    ("registry", Some("creation"), &["registry_add", "registry_event"]),
    ("registry", Some("change"), &["registry_set", "registry_event"]),
    ("registry", Some("deletion"), &["registry_delete", "registry_event"]),
    ("driver", Some("start"), &["driver_load"]),
    ("library", Some("start"), &["image_load"]),
    ("web", None, &["webserver"]),
];
/// What a look-up of a name is, whatever its categories.
const DNS: [&str; 2] = ["dns", "dns_query"];
const DNS_FIELD: &str = "dns.question.name";
/// Where an operating system says what it is, the surest first.
const SYSTEM_FIELDS: [&str; 4] = ["host.os.type", "host.os.family", "host.os.platform", "host.os.name"];

/// The log sources of an event whose own product is `product`; none where ECS says nothing either.
pub(crate) fn sources<'a>(view: &View<'a>, product: Option<&'a str>) -> Vec<Source<'a>> {
    let is = |field: &str, text: &str| view.has(field, text);
    let mut found: Vec<&'static str> = Vec::new();
    if view.get(names::EVENT_CATEGORY).is_some() {
        for (category, kind, called) in CATEGORIES {
            if is(names::EVENT_CATEGORY, category) && kind.is_none_or(|kind| is(names::EVENT_TYPE, kind)) {
                found.extend(*called);
            }
        }
    }
    if view.get(DNS_FIELD).is_some() {
        found.extend(DNS);
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Vec::new();
    }
    // What the host says of itself is nearer than the machine that read a file.
    let product = system(view).or(product);
    let source = |category| Source {
        product,
        category: Some(category),
        service: None,
    };
    found.into_iter().map(source).collect()
}

fn system(view: &View<'_>) -> Option<&'static str> {
    let says = |field| match view.get(field)? {
        FieldRef::Json(Value::String(text)) => Some(text.to_ascii_lowercase()),
        _ => None,
    };
    let named = SYSTEM_FIELDS.iter().find_map(|field| says(field))?;
    match named.as_str() {
        name if name.starts_with("windows") => Some("windows"),
        "macos" | "darwin" | "mac os x" => Some("macos"),
        "unix" | "freebsd" | "openbsd" | "netbsd" | "aix" | "solaris" | "ios" | "android" => None,
        // A distribution by its own name.
        _ => Some("linux"),
    }
}
