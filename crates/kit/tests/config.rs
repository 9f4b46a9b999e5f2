//! Configuration from files, environment and command line, with origins and errors a person can act on.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use watchpost_kit::config::{ConfigError, ExpandError, Listed, Merged, Origin, Sources, expand, load};
use watchpost_kit::{ByteSize, DurationText, Secret};

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Root {
    defaults: Defaults,
    agent: Agent,
    uplink: Uplink,
    source: SourceFiles,
    format: BTreeMap<String, Format>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Defaults {
    max_record: Option<ByteSize>,
    start: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Agent {
    name: String,
    tags: Vec<String>,
    max_memory: ByteSize,
    reload_on_change: bool,
    workers: u16,
    ratio: f64,
    mode: Mode,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            name: "{{ host.name }}".to_owned(),
            tags: Vec::new(),
            max_memory: ByteSize(64_000_000),
            reload_on_change: false,
            workers: 2,
            ratio: 0.5,
            mode: Mode::Block,
        }
    }
}

#[derive(Debug, Deserialize, Serialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Block,
    DropOldest,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Uplink {
    url: String,
    key: Secret,
    timeout: DurationText,
    health_interval: DurationText,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct SourceFiles {
    file: Vec<FileSource>,
    auth: Option<Empty>,
    process: Option<Process>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Process {
    watch: Vec<BTreeMap<String, serde_json::Value>>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FileSource {
    name: String,
    #[serde(default)]
    include: Vec<String>,
    max_record: Option<ByteSize>,
    start: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Format {
    break_before: String,
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn load(&self, text: &str) -> Merged {
        load(&Sources::new().path(self.write("agent.toml", text))).unwrap()
    }

    /// The error's text without the folder's name.
    fn error(&self, text: &str) -> String {
        let error = self.load(text).root::<Root>().unwrap_err().to_string();
        self.leave_out(&error)
    }

    /// Where it lies need not be known.
    fn leave_out(&self, error: &str) -> String {
        error.replace(&format!("{}{MAIN_SEPARATOR}", self.0.path().display()), "")
    }
}

fn values(merged: &Merged) -> Vec<String> {
    let line = |listed: Listed| format!("{} = {} # {}", listed.key, listed.toml, file_name(&listed.origin));
    merged.list().into_iter().map(line).collect()
}

fn file_name(origin: &Origin) -> String {
    match origin {
        Origin::File { path, line } => format!("{}:{line}", Path::new(path.file_name().unwrap()).display()),
        other => other.to_string(),
    }
}

#[test]
fn an_empty_configuration_is_all_defaults() {
    let merged = load(&Sources::new().optional_path("/nonexistent/agent.toml")).unwrap();
    let root: Root = merged.root().unwrap();
    assert_eq!((root.agent.workers, root.agent.mode), (2, Mode::Block));
    assert_eq!(
        merged.section::<Agent>("agent").unwrap().max_memory,
        ByteSize(64_000_000)
    );
    assert_eq!(merged.section::<Vec<FileSource>>("source.file").unwrap().len(), 0);
    assert!(merged.list().is_empty() && merged.files().next().is_none());
}

#[test]
fn later_sources_win_key_by_key_and_remember_where() {
    let folder = Folder::new();
    let first = folder.write(
        "agent.toml",
        "[agent]\nname = \"a\"\ntags = [\"one\", \"two\"]\nworkers = 3\n[source.auth]\n",
    );
    let second = folder.write(
        "more.toml",
        "[agent]\ntags = [\"three\"]\nmax_memory = \"1MiB\"\nratio = 0.25\n",
    );
    folder.write("conf.d/20.toml", "[uplink]\ntimeout = \"1m30s\"\n");
    folder.write("conf.d/10.toml", "[uplink]\ntimeout = \"1s\"\nurl = \"https://x\"\n");
    folder.write("conf.d/.hidden.toml", "nonsense");
    folder.write("conf.d/30.toml~", "nonsense");
    let sources = Sources::new()
        .path(first)
        .path(second)
        .environment([
            ("WATCHPOST__AGENT__WORKERS".to_owned(), "4".to_owned()),
            ("WATCHPOST__AGENT__NAME".to_owned(), "007".to_owned()),
            ("PATH".to_owned(), "/bin".to_owned()),
        ])
        .set("agent.mode=drop_oldest")
        .set("agent.reload_on_change=true");
    let merged = load(&sources).unwrap();
    assert_eq!(
        values(&merged),
        [
            "agent.max_memory = \"1MiB\" # more.toml:3",
            "agent.mode = \"drop_oldest\" # --set",
            "agent.name = \"007\" # WATCHPOST__AGENT__NAME",
            "agent.ratio = 0.25 # more.toml:4",
            "agent.reload_on_change = \"true\" # --set",
            "agent.tags = [\"three\"] # more.toml:2",
            "agent.workers = \"4\" # WATCHPOST__AGENT__WORKERS",
            "source.auth = {} # agent.toml:5",
            "uplink.timeout = \"1m30s\" # 20.toml:2",
            "uplink.url = \"https://x\" # 10.toml:3",
        ]
    );
    let root: Root = merged.root().unwrap();
    assert_eq!((root.agent.name.as_str(), root.agent.workers), ("007", 4));
    assert!(root.agent.reload_on_change && root.source.auth.is_some());
    assert_eq!(root.agent.mode, Mode::DropOldest);
    assert_eq!(root.uplink.timeout.as_secs(), 90);
    assert_eq!(merged.files().count(), 4);
    assert_eq!(merged.sections().collect::<Vec<_>>(), ["agent", "source", "uplink"]);
    assert!(merged.contains("source.auth") && !merged.contains("source.file"));
    assert_eq!(merged.get("agent.name").unwrap().plain, "007");
    assert_eq!(merged.list_under("uplink").len(), 2);
    assert_eq!(merged.list_under("up").len(), 0);
}

#[test]
fn lists_of_tables_are_added_by_conf_d_and_replaced_by_files() {
    let folder = Folder::new();
    let file = folder.write(
        "agent.toml",
        "[defaults]\nmax_record = \"256KiB\"\nstart = \"end\"\n\
         [[source.file]]\nname = \"system\"\ninclude = [\"/var/log/*.log\"]\n\
         [[source.file]]\nname = \"app\"\nstart = \"beginning\"\n",
    );
    let conf_d = folder.write("conf.d/nginx.toml", "[[source.file]]\nname = \"nginx\"\n");
    let names = |merged: &Merged| {
        let files: Vec<FileSource> = merged.section("source.file").unwrap();
        files.into_iter().map(|file| file.name).collect::<Vec<_>>()
    };
    let mut merged = load(&Sources::new().path(&file)).unwrap();
    assert_eq!(names(&merged), ["system", "app", "nginx"]);
    let whole_folder = load(&Sources::new().path(folder.0.path())).unwrap();
    assert_eq!(names(&whole_folder), ["system", "app", "nginx"]);

    merged.inherit("defaults", "source.file");
    let files: Vec<FileSource> = merged.section("source.file").unwrap();
    let starts: Vec<_> = files.iter().map(|file| file.start.clone().unwrap()).collect();
    assert_eq!(starts, ["end", "beginning", "end"]);
    assert!(files.iter().all(|file| file.max_record == Some(ByteSize(262_144))));
    let inherited = merged.get("source.file[2].max_record").unwrap();
    assert_eq!(file_name(&inherited.origin), "agent.toml:2");

    std::fs::remove_file(conf_d).unwrap();
    let other = folder.write("other.toml", "[[source.file]]\nname = \"only\"\n");
    assert_eq!(names(&load(&Sources::new().path(&file).path(other)).unwrap()), ["only"]);
    let set = "source.file=[{ name = \"flag\" }]";
    assert_eq!(names(&load(&Sources::new().path(&file).set(set)).unwrap()), ["flag"]);
}

#[test]
fn json_is_read_by_its_first_character() {
    let folder = Folder::new();
    let merged = folder.load(
        "{\n  \"agent\": {\n    \"name\": \"j\\u00e4\",\n    \"tags\": [\"a\",\n \"b\"], \"ratio\": 1.5, \"workers\": null\n  }\n}\n",
    );
    assert_eq!(
        values(&merged),
        [
            "agent.name = \"jä\" # agent.toml:3",
            "agent.ratio = 1.5 # agent.toml:5",
            "agent.tags = [\"a\", \"b\"] # agent.toml:4",
        ]
    );
    let root: Root = merged.root().unwrap();
    assert_eq!((root.agent.name.as_str(), root.agent.workers), ("jä", 2));
    assert_eq!(
        folder.error("{\n\"agent\": {\n\"workers\": \"x\"}}"),
        "agent.toml:3: `agent.workers`: expected u16, found a text"
    );
}

#[test]
fn unknown_keys_say_where_and_what_was_meant() {
    let folder = Folder::new();
    for (text, expected) in [
        (
            "[agent]\nname = \"x\"\nworkerz = 3\n",
            "agent.toml:3: unknown key `agent.workerz`; did you mean `workers`?",
        ),
        (
            "[agent]\nmaxMemory = \"1MB\"\n",
            "agent.toml:2: unknown key `agent.maxMemory`; did you mean `max_memory`?",
        ),
        (
            "\n\n[agnet]\nname = \"x\"\n",
            "agent.toml:3: unknown key `agnet`; did you mean `agent`?",
        ),
        (
            "api_key = \"x\"\n",
            "agent.toml:1: unknown key `api_key`; did you mean `uplink.key`?",
        ),
        (
            "[uplink]\nreport_interval = \"5s\"\n",
            "agent.toml:2: unknown key `uplink.report_interval`; did you mean `health_interval`?",
        ),
        (
            "[agent]\nwatch_paths = [\"/etc\"]\n",
            "agent.toml:2: unknown key `agent.watch_paths`; did you mean `source.integrity.paths`?",
        ),
        (
            "[[source.file]]\nname = \"a\"\n[[source.file]]\nname = \"b\"\nwhatever = 1\n",
            "agent.toml:5: unknown key `source.file[1].whatever`; known here: name, include, max_record, start",
        ),
        ("[source.auth]\nx = 1\n", "agent.toml:2: unknown key `source.auth.x`"),
    ] {
        assert_eq!(folder.error(text), expected);
    }
    let merged = load(&Sources::new().environment([("WATCHPOST__AGENT__NAM".to_owned(), "x".to_owned())])).unwrap();
    assert_eq!(
        merged.root::<Root>().unwrap_err().to_string(),
        "WATCHPOST__AGENT__NAM: unknown key `agent.nam`; did you mean `name`?"
    );
}

#[test]
fn wrong_values_say_where_and_what_was_expected() {
    let folder = Folder::new();
    for (text, expected) in [
        (
            "[agent]\nworkers = \"three\"\n",
            "agent.toml:2: `agent.workers`: expected u16, found a text",
        ),
        (
            "[agent]\nworkers = 70000\n",
            "agent.toml:2: `agent.workers`: expected u16, found the number 70000",
        ),
        (
            "[agent]\ntags = [\"a\",\n  1]\n",
            "agent.toml:3: `agent.tags[1]`: expected a string, found the number 1",
        ),
        (
            "[uplink]\ntimeout = 30\n",
            "agent.toml:2: `uplink.timeout`: expected a duration with its unit, such as \"30s\" or \"5m\", found the number 30",
        ),
        (
            "[agent]\nmax_memory = \"1 XB\"\n",
            "agent.toml:2: `agent.max_memory`: `1 XB` is not a size: units are B, kB, MB, GB, TB (powers of 1000) and \
             KiB, MiB, GiB, TiB (powers of 1024)",
        ),
        (
            "[agent]\nmode = \"dropoldest\"\n",
            "agent.toml:2: `agent.mode`: `dropoldest` is not known; did you mean `drop_oldest`?",
        ),
        (
            "[[source.file]]\ninclude = []\n",
            "agent.toml:1: `source.file[0]`: the key `name` is missing",
        ),
        (
            "[format.java]\nbreak_before = 'x'\n[format.go]\n",
            "agent.toml:3: `format.go`: the key `break_before` is missing",
        ),
        (
            "agent = 5\n",
            "agent.toml:1: `agent`: expected struct Agent, found the number 5",
        ),
    ] {
        assert_eq!(folder.error(text), expected);
    }
    let error = load(&Sources::new().set("agent.workers=many")).unwrap();
    let error = error.root::<Root>().unwrap_err();
    assert_eq!(error.to_string(), "--set: `agent.workers`: expected u16, found a text");
    assert_eq!(error.key(), Some("agent.workers"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    let error = |text: &[u8]| {
        let path = folder.write("agent.toml", "");
        std::fs::write(&path, text).unwrap();
        let error = load(&Sources::new().path(&path)).unwrap_err().to_string();
        folder.leave_out(&error)
    };
    assert!(error(b"[agent]\nname = \n").starts_with("agent.toml:2: "));
    assert!(error(b"a = 1\na = 2\n").starts_with("agent.toml:2: "));
    assert!(error(b"{\n\"a\": 1,\n}").starts_with("agent.toml:3: "));
    assert_eq!(error(b"a = 1\nb = \"\xff\"\n"), "agent.toml:2: not UTF-8 text");
    assert!(error(&vec![b' '; (1 << 20) + 1]).contains("is larger than 1048576 bytes"));
    assert!(error(format!("a = {}{}", "[".repeat(60), "]".repeat(60)).as_bytes()).contains("nested more than 32"));
    let json = format!("{{\"a\": {}{}}}", "[".repeat(60), "]".repeat(60));
    assert!(error(json.as_bytes()).contains("nested more than 32"));
    let missing = load(&Sources::new().path(folder.0.path().join("none.toml"))).unwrap_err();
    assert!(missing.to_string().contains("none.toml") && std::error::Error::source(&missing).is_some());
    for pair in ["agent.name", "=x", "a..b=1"] {
        let error = load(&Sources::new().set(pair)).unwrap_err();
        assert!(matches!(error, ConfigError::NotAPair { .. }), "{pair}: {error}");
    }
}

#[test]
fn secrets_are_read_and_never_listed() {
    let folder = Folder::new();
    let merged = folder.load(
        "[uplink]\nkey = \"hunter2\"\nurl = \"postgres://me:hunter2@db:5432/x?a=b\"\n\
         [a]\npassword = \"@/etc/watchpost/mail.key\"\ntoken = \"$TOKEN\"\nkey_file = \"shown\"\nbot_token = \"hunter2\"\n\
         headers = [{ Authorization = \"hunter2\" }, { X-Api-Key = \"hunter2\" }]\nkeys = { password = \"hunter2\" }\n\
         nested = [[{ secret = \"hunter2\" }]]\n",
    );
    let uplink: Uplink = merged.section("uplink").unwrap();
    assert_eq!(uplink.key.expose(), "hunter2");
    let text = values(&merged).join("\n") + &format!("{:?}", merged.list());
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(
        merged.get("uplink.url").unwrap().plain,
        "postgres://me:***@db:5432/x?a=b"
    );
    assert_eq!(merged.get("a.password").unwrap().plain, "@/etc/watchpost/mail.key");
    assert_eq!(merged.get("a.token").unwrap().plain, "$TOKEN");
    assert_eq!(merged.get("a.key_file").unwrap().plain, "shown");

    let set = load(&Sources::new().set("uplink.key=12345")).unwrap();
    assert_eq!(set.section::<Uplink>("uplink").unwrap().key.expose(), "12345");
    assert_eq!(set.get("uplink.key").unwrap().toml, "\"***\"");
    let error = folder.error("[uplink]\ntimeout = \"hunter2 was here\"\nkey = [\"hunter2\"]\n");
    assert!(
        error.ends_with("`uplink.key`: expected a string, found a list"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn secrets_in_files_that_others_can_read_are_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.write("agent.toml", "[uplink]\nkey = \"hunter2\"\n[a]\ntoken = \"$T\"\n");
    let exposed = |mode| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        load(&Sources::new().path(&path)).unwrap().exposed_secrets()
    };
    assert_eq!(exposed(0o644), [("uplink.key".to_owned(), path.clone())]);
    assert_eq!(exposed(0o600), []);
}

#[test]
fn defaults_can_be_shown_below_what_was_set() {
    let merged = load(&Sources::new().set("agent.workers=9")).unwrap();
    let shown = merged.with_defaults(&Root::default()).unwrap();
    let workers = shown.get("agent.workers").unwrap();
    assert_eq!((workers.plain.as_str(), workers.origin), ("9", Origin::Flag));
    let memory = shown.get("agent.max_memory").unwrap();
    assert_eq!((memory.toml.as_str(), memory.origin), ("\"64MB\"", Origin::Default));
}

#[test]
fn raw_values_take_the_type_that_is_asked_for() {
    let sources = Sources::new()
        .set("agent.tags=[\"a\", 'b']")
        .set("agent.name=[{{ time }}] x = y")
        .set("agent.max_memory=1000")
        .set("agent.ratio=2")
        .set("source.process.watch=[{ title = \"T\", n = 1 }]");
    let root: Root = load(&sources).unwrap().root().unwrap();
    assert_eq!(root.agent.tags, ["a", "b"]);
    assert_eq!(root.agent.name, "[{{ time }}] x = y");
    assert_eq!((root.agent.max_memory.bytes(), root.agent.ratio), (1000, 2.0));
    assert_eq!(root.source.process.unwrap().watch[0]["n"], 1);
    let injected = load(&Sources::new().set("agent.name=\"a\"\nworkers = 7")).unwrap();
    assert_eq!(injected.root::<Root>().unwrap().agent.workers, 2);
}

#[test]
fn placeholders_are_filled_or_named() {
    let names = [("host.name", "web-1"), ("os", "linux")];
    assert_eq!(expand("{{ host.name }}/{{os}}!", &names).unwrap(), "web-1/linux!");
    assert_eq!(expand("plain } {", &names).unwrap(), "plain } {");
    assert_eq!(expand("{{ os", &names), Err(ExpandError::Unclosed));
    assert_eq!(
        expand("{{ hots }}", &names).unwrap_err().to_string(),
        "unknown name `hots` in braces; known: host.name, os"
    );
}

proptest! {
    /// Whatever a file holds, it is read or refused, and what was read can be listed and read back as TOML.
    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}=a-c\"'.,:0-9 \n-]{0,60}") {
        let folder = Folder::new();
        if let Ok(merged) = load(&Sources::new().path(folder.write("agent.toml", &text))) {
            let _ = merged.root::<Root>();
            let leaves: Vec<Listed> = merged.list();
            for leaf in leaves.into_iter().filter(|leaf| !leaf.key.contains('[')) {
                let again = folder.write("again.toml", &format!("{} = {}\n", leaf.key, leaf.toml));
                let again = load(&Sources::new().path(again)).unwrap();
                prop_assert_eq!(again.get(&leaf.key).unwrap().toml, leaf.toml);
            }
        }
    }
}
