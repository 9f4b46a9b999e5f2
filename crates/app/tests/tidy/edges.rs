//! Rules about manifests: which crate may import which, who owns a heavy library, lints and versions from the workspace.

use toml_edit::{DocumentMut, Item};

const WORDS: &[&str] = &["event", "query", "kit", "run", "ui"];
const ROOMS: &[&str] = &[
    "ledger", "pipeline", "detect", "store", "alert", "lookup", "catalog", "trust", "report",
];

/// Who may import whom, as in `ARCHITECTURE.md`. Imports point down only, rooms never import one another.
const EDGES: &[(&str, &[&str])] = &[
    ("event", &[]),
    ("query", &["event"]),
    ("kit", &[]),
    ("run", &["kit"]),
    ("ui", &[]),
    ("ledger", &["kit", "run"]),
    ("pipeline", &["event", "query", "kit"]),
    ("detect", &["event", "query", "kit"]),
    ("store", &["event", "query", "kit", "run"]),
    ("alert", &["event", "query", "kit", "run"]),
    ("lookup", &["event", "kit", "run"]),
    ("catalog", &["event", "kit", "run"]),
    ("trust", &["kit"]),
    ("report", &["event"]),
    (
        "agent",
        &[
            "event", "query", "kit", "run", "ledger", "pipeline", "trust", "detect", "lookup",
        ],
    ),
    (
        "server",
        &[
            "event", "query", "kit", "run", "ui", "ledger", "pipeline", "detect", "store", "alert", "lookup",
            "catalog", "trust", "report",
        ],
    ),
    ("console", &["event", "query", "kit", "run"]),
    (
        "app",
        &["event", "query", "kit", "run", "agent", "server", "console", "endpoint"],
    ),
    ("endpoint", &["event", "query", "kit", "run", "agent", "console"]),
    ("installer", &[]),
    // Tests that need both roles' state machines in their hands.
    (
        "simulation",
        &["event", "query", "kit", "run", "ledger", "store", "agent", "server"],
    ),
    ("bench", &["event"]),
    (
        "fuzz",
        &["event", "query", "kit", "run", "ledger", "pipeline", "store", "agent"],
    ),
];

/// Heavy libraries and the crates that may name them. `tokio` is here for who must never see it.
const OWNERS: &[(&str, &[&str])] = &[
    ("arrow", &["store"]),
    ("parquet", &["store"]),
    ("xorf", &["store"]),
    ("argon2", &["catalog"]),
    ("governor", &["server"]),
    ("sea-orm", &["catalog"]),
    ("sea-orm-migration", &["catalog"]),
    ("rsigma-eval", &["detect"]),
    ("rsigma-parser", &["detect"]),
    ("rcgen", &["trust"]),
    ("x509-parser", &["trust"]),
    ("pdf-writer", &["report"]),
    ("subsetter", &["report"]),
    ("notosans", &["report"]),
    ("dejavu", &["report"]),
    ("quick-xml", &["agent", "pipeline"]),
    ("syslog_loose", &["pipeline"]),
    ("axum", &["server"]),
    ("hyper", &["server"]),
    ("hyper-util", &["server"]),
    ("tower", &["server"]),
    ("clap", &["app", "endpoint", "bench", "fuzz"]),
    ("anyhow", &["app", "endpoint", "bench", "fuzz"]),
    ("tracing-subscriber", &["app", "endpoint"]),
    ("indicatif", &["console"]),
    ("lettre", &["alert"]),
    ("maxminddb", &["lookup"]),
    ("windows", &["run", "agent", "endpoint", "installer"]),
    ("windows-service", &["endpoint"]),
    ("reqwest", &["agent", "console", "alert", "lookup", "store"]),
    (
        "tokio",
        &[
            "run",
            "catalog",
            "agent",
            "server",
            "console",
            "alert",
            "lookup",
            "app",
            "endpoint",
            "simulation",
        ],
    ),
];

fn name_of(path: &str) -> &str {
    path.trim_end_matches("/Cargo.toml")
        .rsplit('/')
        .next()
        .unwrap_or_default()
}

/// (table, dependency name) of a manifest, target-specific tables included.
fn dependencies(document: &DocumentMut) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut collect = |table: &Item| {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let names = table
                .get(kind)
                .and_then(Item::as_table_like)
                .into_iter()
                .flat_map(|table| table.iter());
            found.extend(names.map(|(name, _)| (kind, name.to_owned())));
        }
    };
    collect(document.as_item());
    let targets = document.get("target").and_then(Item::as_table_like);
    for (_, target) in targets.into_iter().flat_map(|targets| targets.iter()) {
        collect(target);
    }
    found
}

fn parse(path: &str, text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error| format!("{path}: {error}"))
}

fn floor(name: &str) -> u8 {
    match name {
        _ if WORDS.contains(&name) => 0,
        _ if ROOMS.contains(&name) => 1,
        "agent" | "server" | "console" => 2,
        _ => 3,
    }
}

pub(crate) fn check_edges(path: &str, text: &str) -> Vec<String> {
    let document = match parse(path, text) {
        Ok(document) => document,
        Err(complaint) => return vec![complaint],
    };
    let own = name_of(path);
    let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == own) else {
        return vec![format!(
            "{path}: the crate {own:?} has no place in the floors: add it to tidy/edges.rs and ARCHITECTURE.md"
        )];
    };
    let mut complaints = Vec::new();
    for (kind, dependency) in dependencies(&document) {
        let Some(other) = dependency.strip_prefix("watchpost-") else {
            continue;
        };
        // Tests may look further, but only down: the test of a role may hold a room in its hands.
        let fits =
            allowed.contains(&other) || (kind == "dev-dependencies" && (floor(other) < floor(own) || own == "app"));
        if !fits {
            complaints.push(format!(
                "{path}: {own} must not import {other} ({kind}); allowed: {allowed:?}"
            ));
        }
    }
    complaints
}

pub(crate) fn check_heavy(path: &str, text: &str) -> Vec<String> {
    let document = match parse(path, text) {
        Ok(document) => document,
        Err(complaint) => return vec![complaint],
    };
    let own = name_of(path);
    let found = dependencies(&document);
    let taken = found.iter().filter(|(kind, _)| *kind != "dev-dependencies");
    taken
        .filter_map(|(_, dependency)| OWNERS.iter().find(|(library, _)| library == dependency))
        .filter(|(_, owners)| !owners.contains(&own))
        .map(|(library, owners)| format!("{path}: {library} belongs to {owners:?} only"))
        .collect()
}

pub(crate) fn check_manifest(path: &str, text: &str) -> Vec<String> {
    let document = match parse(path, text) {
        Ok(document) => document,
        Err(complaint) => return vec![complaint],
    };
    let mut complaints = Vec::new();
    let says_workspace =
        |item: Option<&Item>| item.and_then(|item| item.get("workspace")).and_then(Item::as_bool) == Some(true);
    if !says_workspace(document.get("lints")) {
        complaints.push(format!("{path}: lacks [lints] workspace = true"));
    }
    let package = document.get("package");
    let expected = format!("watchpost-{}", name_of(path));
    if package.and_then(|package| package.get("name")).and_then(Item::as_str) != Some(&expected) {
        complaints.push(format!("{path}: the package must be named {expected}"));
    }
    for key in ["version", "edition", "rust-version", "license", "publish"] {
        if !says_workspace(package.and_then(|package| package.get(key))) {
            complaints.push(format!("{path}: {key} must come from the workspace"));
        }
    }
    for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for (name, item) in document
            .get(kind)
            .and_then(Item::as_table_like)
            .into_iter()
            .flat_map(|table| table.iter())
        {
            if !says_workspace(Some(item)) {
                complaints.push(format!("{path}: the version of {name} must come from the workspace"));
            }
        }
    }
    complaints
}

mod samples {
    use super::*;

    #[test]
    fn edges_that_point_up_or_sideways_are_found() {
        let manifest = |kind: &str, other: &str| format!("[{kind}]\nwatchpost-{other}.workspace = true\n");
        let complaints = |own: &str, kind: &str, other: &str| {
            check_edges(&format!("crates/{own}/Cargo.toml"), &manifest(kind, other)).len()
        };
        assert_eq!(complaints("ledger", "dependencies", "store"), 1, "sideways");
        assert_eq!(complaints("kit", "dependencies", "run"), 1, "up, within the words");
        assert_eq!(complaints("agent", "dependencies", "server"), 1, "role to role");
        assert_eq!(
            complaints("ledger", "dev-dependencies", "store"),
            1,
            "sideways, in tests"
        );
        assert_eq!(
            complaints("endpoint", "target.'cfg(windows)'.dependencies", "server"),
            1,
            "for one platform"
        );
        assert_eq!(complaints("nowhere", "dependencies", "event"), 1, "unknown crate");
        assert_eq!(complaints("ledger", "dev-dependencies", "event"), 0, "down, in tests");
        assert_eq!(complaints("server", "dependencies", "store"), 0);
    }

    #[test]
    fn heavy_libraries_elsewhere_are_found() {
        let manifest = "[dependencies]\narrow.workspace = true\ntokio = { workspace = true }\n[dev-dependencies]\naxum.workspace = true\n";
        assert_eq!(check_heavy("crates/store/Cargo.toml", manifest).len(), 1, "tokio");
        assert_eq!(
            check_heavy("crates/kit/Cargo.toml", manifest).len(),
            2,
            "arrow and tokio"
        );
    }

    #[test]
    fn manifests_must_take_everything_from_the_workspace() {
        let package = "[package]\nname = \"watchpost-kit\"\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n";
        let good = format!("{package}[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n");
        assert!(check_manifest("crates/kit/Cargo.toml", &good).is_empty());
        assert_eq!(check_manifest("crates/kit/Cargo.toml", package).len(), 1, "no lints");
        assert_eq!(
            check_manifest(
                "crates/kit/Cargo.toml",
                &good.replace("serde.workspace = true", "serde = \"1\"")
            )
            .len(),
            1
        );
        assert_eq!(check_manifest("crates/run/Cargo.toml", &good).len(), 1, "another name");
    }
}
