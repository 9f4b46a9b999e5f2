//! What events gain, by lists and geography from files that change.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, Event, StreamId, Timestamp};
use watchpost_lookup::{
    Enricher, GeoSection, Indicator, IndicatorKind, Known, ListSection, LookupSection, LookupSettings, Opinion, Places,
    Verdict,
};

use crate::mmdb;

const NOW: Timestamp = Timestamp(1_790_000_000_000_000_000);
const SHA: &str = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";

fn list(name: &str, kind: IndicatorKind, path: &Path, verdict: Opinion) -> ListSection {
    ListSection {
        name: name.to_owned(),
        kind,
        path: path.to_path_buf(),
        verdict,
    }
}

fn settings(lists: Vec<ListSection>, geoip: GeoSection) -> LookupSettings {
    let section = LookupSection {
        list: lists,
        geoip,
        ..LookupSection::default()
    };
    LookupSettings::try_from(section).unwrap()
}

fn batch(events: Vec<Event>) -> Decoded {
    let agent = AgentId::new("web-1").unwrap();
    let count = events.len() as u64;
    let mut batch = BatchBuilder::new(agent, StreamId::new("process").unwrap(), Epoch(1), 0);
    for (position, mut event) in (1..).zip(events) {
        event.position = position;
        batch.push(&event);
    }
    batch.count_read(count, 0);
    Decoded::from_bytes(&batch.finish(count).unwrap(), Limits::default()).unwrap()
}

fn event(fields: &[(&str, &str)]) -> Event {
    let event = Event::new(NOW, 0, "x");
    fields
        .iter()
        .fold(event, |event, (name, value)| event.with(name, *value))
}

fn enriched(enricher: &Enricher, fields: &[(&str, &str)]) -> Event {
    let mut decoded = batch(vec![event(fields)]);
    enricher.enrich(&mut decoded, NOW);
    decoded.events.remove(0)
}

fn texts<'a>(event: &'a Event, names: &[&str]) -> Vec<Option<&'a str>> {
    names.iter().map(|name| event.fields.text(name)).collect()
}

#[test]
fn lists_say_what_they_know_in_the_fields_of_ecs() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let hashes = path("hashes", &format!("# ours\n{SHA}  EICAR\nno hash\n"));
    let addresses = path("addresses", "198.51.100.0/24\n");
    let domains = path("domains", "0.0.0.0 evil.example.org\n");
    let lists = vec![
        list("ours", IndicatorKind::Hash, &hashes, Opinion::Malicious),
        list("spam", IndicatorKind::Ip, &addresses, Opinion::Suspicious),
        list("block", IndicatorKind::Domain, &domains, Opinion::Malicious),
    ];
    let places = Arc::new(Places::open(&settings(lists, GeoSection::default())));
    assert_eq!((places.infos()[0].entries, places.infos()[0].skipped), (1, 1));
    let enricher = Enricher::new(places, Arc::new(Known::new(Duration::from_secs(1))));

    let names = [
        "watchpost.lookup.service",
        "watchpost.lookup.verdict",
        "threat.indicator.type",
    ];
    let file = enriched(&enricher, &[("process.hash.sha256", &SHA.to_uppercase())]);
    assert_eq!(texts(&file, &names), [Some("ours"), Some("malicious"), Some("file")]);
    assert_eq!(file.fields.text("threat.indicator.file.hash.sha256"), Some(SHA));
    assert_eq!(file.fields.get("threat.software.name"), Some(&json!(["EICAR"])));
    assert_eq!(file.fields.text("threat.indicator.confidence"), Some("High"));

    let address = enriched(&enricher, &[("source.ip", "198.51.100.7")]);
    assert_eq!(
        texts(&address, &names),
        [Some("spam"), Some("suspicious"), Some("ipv4-addr")]
    );
    assert_eq!(address.fields.text("threat.indicator.ip"), Some("198.51.100.7"));

    // The worst counts.
    let both = enriched(
        &enricher,
        &[("source.ip", "198.51.100.7"), ("url.domain", "a.Evil.example.org")],
    );
    assert_eq!(
        texts(&both, &names),
        [Some("block"), Some("malicious"), Some("domain-name")]
    );

    let nothing = enriched(
        &enricher,
        &[("source.ip", "203.0.113.1"), ("process.hash.sha256", "zz")],
    );
    assert_eq!(nothing.fields.len(), 2);
    // What an event says itself stays.
    let own = [("source.ip", "198.51.100.7"), ("threat.indicator.type", "url")];
    assert_eq!(enriched(&enricher, &own).fields.len(), 2);
}

#[test]
fn a_list_is_read_again_when_it_changes_and_stays_in_force_while_it_is_gone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("addresses");
    let lists = vec![list("late", IndicatorKind::Ip, &path, Opinion::Malicious)];
    let places = Places::open(&settings(lists, GeoSection::default()));
    let says = |text: &str| {
        let indicator: Indicator = text.parse().unwrap();
        !places.current().look(&indicator, NOW).is_empty()
    };
    assert!(places.infos()[0].error.is_some() && !says("203.0.113.1"));
    fs::write(&path, "203.0.113.1\n").unwrap();
    assert!(places.look() && says("203.0.113.1"));
    assert!(!places.look(), "nothing has changed");
    fs::write(&path, "203.0.113.1\n203.0.113.22\n").unwrap();
    assert!(places.look() && says("203.0.113.22"));
    assert_eq!((places.infos()[0].entries, places.infos()[0].error.clone()), (2, None));
    fs::remove_file(&path).unwrap();
    assert!(!places.look() && says("203.0.113.22"));
    assert!(places.infos()[0].error.is_some());
    fs::write(&path, "203.0.113.1\n").unwrap();
    assert!(places.look() && !says("203.0.113.22"));
}

#[test]
fn a_list_has_limits() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("domains");
    let mut text = format!("{}\n", "a.".repeat(10_000));
    text.push_str("evil.example.org");
    fs::write(&path, text).unwrap();
    let lists = vec![list("long", IndicatorKind::Domain, &path, Opinion::Malicious)];
    let places = Places::open(&settings(lists, GeoSection::default()));
    assert_eq!((places.infos()[0].entries, places.infos()[0].skipped), (1, 1));
    let many: Vec<String> = (0..1_000_001).map(|n| format!("{n}.t\n")).collect();
    fs::write(&path, many.concat()).unwrap();
    assert!(!places.look());
    let error = places.infos()[0].error.clone().unwrap();
    assert!(error.contains("1000000"), "{error}");
}

#[test]
fn addresses_get_their_place_and_network_and_private_ones_none() {
    let folder = TempDir::new().unwrap();
    let (city, asn) = (folder.path().join("city.mmdb"), folder.path().join("asn.mmdb"));
    let country = json!({"iso_code": "DE", "names": {"en": "Germany"}});
    let berlin = json!({"country": country, "city": {"names": {"en": "Berlin"}}});
    let networks = [
        ("198.51.100.0", 24, berlin),
        ("10.0.0.0", 8, json!({"country": country})),
    ];
    fs::write(&city, mmdb::file("GeoLite2-City", &networks)).unwrap();
    let number = json!({"autonomous_system_number": 64_500, "autonomous_system_organization": "Example"});
    fs::write(&asn, mmdb::file("GeoLite2-ASN", &[("198.51.100.0", 24, number)])).unwrap();
    let geoip = GeoSection { path: city, asn };
    let places = Arc::new(Places::open(&settings(Vec::new(), geoip)));
    assert!(
        places.infos().iter().all(|info| info.error.is_none()),
        "{:?}",
        places.infos()
    );
    let enricher = Enricher::new(places, Arc::new(Known::new(Duration::from_secs(1))));
    let names = [
        "source.geo.country_iso_code",
        "source.geo.country_name",
        "source.geo.city_name",
        "source.as.organization.name",
    ];
    let known = enriched(
        &enricher,
        &[("source.ip", "::ffff:198.51.100.7"), ("destination.ip", "203.0.113.1")],
    );
    assert_eq!(
        texts(&known, &names),
        [Some("DE"), Some("Germany"), Some("Berlin"), Some("Example")]
    );
    assert_eq!(known.fields.get("source.as.number"), Some(&json!(64_500)));
    assert_eq!(known.fields.get("destination.geo.country_iso_code"), None);
    let private = enriched(&enricher, &[("destination.ip", "10.0.0.7")]);
    assert_eq!(private.fields.len(), 1);
    let own = [("source.ip", "198.51.100.7"), ("source.geo.city_name", "Potsdam")];
    let own = enriched(&enricher, &own);
    assert_eq!(texts(&own, &names), [None, None, Some("Potsdam"), Some("Example")]);
}

/// A file of MaxMind's own making: `scripts/setup --test` has it from PyPI.
fn published_file() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let libraries = target.parent().unwrap().join("venv/lib");
    let pythons = fs::read_dir(&libraries).unwrap_or_else(|_| panic!("run `make setup`: no {}", libraries.display()));
    let mut files = pythons.map(|python| {
        let packages = python.unwrap().path().join("site-packages");
        packages.join("_maxminddb_geolite2/GeoLite2-City.mmdb")
    });
    files
        .find(|path| path.exists())
        .expect("run `make setup`: no GeoLite2-City.mmdb")
}

#[test]
fn a_published_file_says_where_addresses_are() {
    let geoip = GeoSection {
        path: published_file(),
        ..GeoSection::default()
    };
    let places = Arc::new(Places::open(&settings(Vec::new(), geoip)));
    assert_eq!(places.infos()[0].error, None);
    let enricher = Enricher::new(places, Arc::new(Known::new(Duration::from_secs(1))));
    let names = ["source.geo.country_iso_code", "source.geo.country_name"];
    for (address, expected) in [
        ("8.8.8.8", [Some("US"), Some("United States")]),
        ("5.255.255.5", [Some("RU"), Some("Russia")]),
        ("2001:4860:4860::8888", [Some("US"), Some("United States")]),
        ("141.1.1.1", [Some("DE"), Some("Germany")]),
        ("192.168.1.1", [None, None]),
        ("203.0.113.7", [None, None]),
    ] {
        assert_eq!(
            texts(&enriched(&enricher, &[("source.ip", address)]), &names),
            expected,
            "{address}"
        );
    }
}

#[test]
fn a_file_of_another_kind_is_said_to_be_none() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("city.mmdb");
    fs::write(&path, b"not a database").unwrap();
    let geoip = GeoSection {
        path,
        asn: folder.path().join("none.mmdb"),
    };
    let places = Places::open(&settings(Vec::new(), geoip));
    let errors: Vec<String> = places.infos().into_iter().filter_map(|info| info.error).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("MaxMind"), "{errors:?}");
}

#[test]
fn answers_that_hold_are_on_every_event_of_the_file() {
    let known = Arc::new(Known::new(Duration::from_hours(1)));
    let file = Indicator::hash(SHA).unwrap();
    let verdict = Verdict {
        service: "virustotal".to_owned(),
        opinion: Opinion::Harmless,
        positives: Some(0),
        total: Some(70),
        looked_at: NOW,
        ..Verdict::default()
    };
    known.put(&file, verdict);
    let places = Arc::new(Places::open(&LookupSettings::default()));
    let enricher = Enricher::new(places, known);
    let event = enriched(&enricher, &[("file.hash.sha256", SHA)]);
    assert_eq!(event.fields.text("watchpost.lookup.verdict"), Some("harmless"));
    assert_eq!(event.fields.get("watchpost.lookup.total"), Some(&json!(70)));
    assert_eq!(
        event.fields.get("threat.indicator.type"),
        None,
        "nothing speaks against it"
    );
}
