//! Open formats, proved: DuckDB reads the stored files and agrees with the search.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::World;
use crate::http::deliver;

/// Counts the rows whose message holds a word, by host, with nothing but DuckDB.
const SCRIPT: &str = r#"
import duckdb, json, sys
files, word = sys.argv[1], sys.argv[2]
pattern = r"(^|[^\p{L}\p{M}\p{N}_])" + word + r"($|[^\p{L}\p{M}\p{N}_])"
rows = duckdb.execute(
    "select host, count(*) from read_parquet(?) where regexp_matches(lower(message), ?) group by host", [files, pattern]).fetchall()
print(json.dumps({host: count for host, count in rows}))
"#;

/// The Python that `scripts/setup --test` made.
fn python() -> PathBuf {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let python = target.parent().unwrap().join("venv/bin/python");
    assert!(python.exists(), "{} is missing: run `make setup`", python.display());
    python
}

fn deliver_from_three_hosts(world: &World, key: &str) {
    let words = ["error", "Error:", "errors", "(ERROR)", "no_error", "fine", "ошибка"];
    for host in ["web-1", "web-2", "db-1"] {
        let events: Vec<_> = (0..900)
            .map(|number| serde_json::json!({ "message": format!("{} number {number} on {host}", words[number % words.len()]), "host": { "name": host }, "n": number }))
            .filter(|event| host != "db-1" || event["n"].as_u64().unwrap() % 3 == 0)
            .collect();
        let body =
            serde_json::json!({ "agent_id": "gateway", "timestamp": "2026-11-20T22:41:07Z", "payloads": events });
        let answer = deliver(&world.address(), key, "application/json", body.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

#[test]
fn duckdb_and_search_count_the_same_by_host() {
    let world = World::new();
    let server = world.server();
    let key = world.agent_key("gateway");
    deliver_from_three_hosts(&world, &key);
    // An orderly end writes everything into files.
    server.stop();
    let _server = world.server();
    for word in ["error", "number", "ошибка"] {
        let found = world
            .run(&["search", word, "--stats", "count() by host.name", "--json"])
            .ok();
        let searched: BTreeMap<String, u64> = found
            .json_lines()
            .iter()
            .map(|row| {
                (
                    row["host.name"].as_str().unwrap().to_owned(),
                    row["count"].as_u64().unwrap(),
                )
            })
            .collect();
        let files = world.path("data/server/store").join("**/*.parquet");
        let output = Command::new(python())
            .args(["-c", SCRIPT])
            .arg(files)
            .arg(word)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let counted: BTreeMap<String, u64> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(counted, searched, "{word}");
        assert_eq!(searched.len(), 3, "{word}");
    }
}
