//! The page and the stored shape, byte by byte. A change of either is made on purpose:
//! `WATCHPOST_BLESS=1 cargo test -p watchpost-report` writes the files anew. What is stored must stay readable, so a
//! change of `report.json` asks for a new version.

use std::path::{Path, PathBuf};

use watchpost_report::{Language, Report, html};

use crate::sample::saying;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

#[expect(clippy::disallowed_methods, reason = "how the files are blessed")]
fn holds(name: &str, made: &str) {
    if std::env::var_os("WATCHPOST_BLESS").is_some() {
        std::fs::write(golden(name), made).unwrap();
    }
    let kept = std::fs::read_to_string(golden(name)).unwrap();
    let differs = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert!(kept == made, "{name} is another; first difference: {differs:#?}");
}

#[test]
fn the_page_and_the_stored_shape_are_as_they_were() {
    let english = saying("root from <203.0.113.7> & \u{202e}others", Language::En);
    holds("report-en.html", &html(&english));
    holds("report-ru.html", &html(&saying("вход из «офиса»", Language::Ru)));
    let stored = serde_json::to_string_pretty(&english).unwrap() + "\n";
    holds("report.json", &stored);
    assert_eq!(serde_json::from_str::<Report>(&stored).unwrap(), english);
}

#[test]
fn what_may_be_left_out_has_a_default_and_another_version_is_refused() {
    let least = |version: &str| {
        format!(
            r#"{{"title":"t","from":"2026-11-15T00:00:00Z","to":"2026-11-16T00:00:00Z","made":"2026-11-16T00:00:00Z",
                "zone":"UTC","language":"en",{version}"sections":[{{"title":"s","blocks":[
                {{"kind":"numbers","numbers":[{{"label":"l","amount":{{"count":1}}}}]}},
                {{"kind":"bars","bars":[{{"label":"l","count":1}}]}},
                {{"kind":"times","from":"2026-11-15T00:00:00Z","step":"hour","series":[{{"counts":[1]}}]}},
                {{"kind":"table","columns":[{{"title":"c"}}],"rows":[["unknown"],[{{"text":"t"}}]]}}]}}]}}"#
        )
    };
    let report: Report = serde_json::from_str(&least("")).unwrap();
    assert!(html(&report).contains("<td>–</td>"));
    let error = serde_json::from_str::<Report>(&least("\"version\":2,")).unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
}
