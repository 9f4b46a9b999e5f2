use serde_json::Value;
use watchpost_event::{Event, Timestamp};

/// Words that meet, meet nearly, or fold into one another.
const WORDS: &[&str] = &[
    "error",
    "Error",
    "errors",
    "fail",
    "Failed",
    "failure",
    "connection",
    "refused",
    "user_name",
    "root",
    "Kelvin",
    "\u{212a}elvin",
    "İstanbul",
    "istanbul",
    "ÄPFEL",
    "äpfel",
    "straße",
    "Привет",
    "МИР",
    "日志",
    "한글",
    "x1",
    "0",
    "10",
    "7",
    "10.0.0.7",
    "10.0.0.70",
    "10.0.0.7:22",
    "fe80::1",
    "FE80:0:0:0:0:0:0:1",
    "::1",
    "00:1A:2b:3C:4d:5E",
    "00-1a-2b-3c-4d-5e",
    "/var/log/app.log",
    "12:30:59",
    "a",
    "I",
    "k",
];
const JOINTS: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    "-",
    ".",
    ": ",
    ", ",
    "=",
    "/",
    "",
    "\t",
    " \u{1f525} ",
];
pub(super) const NAMES: &[&str] = &[
    "user.name",
    "http.status",
    "bytes",
    "source.ip",
    "log.level",
    "rule.level",
    "event.severity",
    "file.path",
    "tags",
    "flag",
    "seen",
    "host.name",
    "agent.id",
    "log.offset",
];
/// Values, each as JSON: what one field holds as text another holds as a number.
const VALUES: &[&str] = &[
    r#""root""#,
    r#""Root""#,
    r#""admin""#,
    r#""user name""#,
    r#""""#,
    "1",
    "1.0",
    r#""1""#,
    r#""1.0""#,
    "-5",
    "0.5",
    "200",
    "404",
    "500",
    r#""500""#,
    "9007199254740993",
    "9007199254740992.0",
    "18446744073709551615",
    "true",
    "false",
    r#""TRUE""#,
    "null",
    "[]",
    r#"["root","x"]"#,
    "[1,2,500]",
    r#"[null,"admin"]"#,
    r#""10.0.0.7""#,
    r#""10.1.2.3""#,
    r#""::ffff:10.0.0.7""#,
    r#""FE80:0::1""#,
    r#""fe80::1""#,
    r#""192.168.0.1""#,
    r#""00-1A-2B-3C-4D-5E""#,
    r#""00:1a:2b:3c:4d:5e""#,
    r#""warn""#,
    r#""Warning""#,
    r#""error""#,
    r#""critical""#,
    r#""high""#,
    r#""notice""#,
    "65",
    r#""/srv/app/a.log""#,
    r#""/srv/app/x/a.log""#,
    r#""/SRV/app""#,
    r#""C:\\Windows\\cmd.exe""#,
    r#""2026-11-20T10:00:00Z""#,
    r#""2026-11-20""#,
    r#""Straße""#,
    r#""a*b""#,
    r#""x:y (z)""#,
];
/// Field tests as they are written behind the colon.
const TESTS: &[&str] = &[
    "*",
    ">=1",
    ">1",
    "<1",
    "<=500",
    "[1 TO 500]",
    "{1 TO 500}",
    "[* TO 200}",
    "{0.5 TO *]",
    ">=9007199254740993",
    "10.0.0.0/8",
    "10.0.0.7/32",
    "fe80::/10",
    "::/0",
    "0.0.0.0/0",
    "[10.0.0.1 TO 10.0.0.9]",
    ">=10.0.0.7",
    "root*",
    "*o*",
    "/srv/**",
    "/srv/*",
    "/srv/**/a.log",
    "5*",
    "*.log",
    "~/^ro+t$/",
    "~/ROOT/i",
    "~/[0-9]{3}/",
    "(root OR admin)",
    "(1 OR 500 OR -5)",
    "(NOT root)",
    ">=2026-11-20",
    "<2026-11-20T10:00",
    "C:\\Windows\\*",
    "C:\\\\Windows\\\\*",
];
/// Tests on a level with words both scales have, so that no query is refused.
const LEVEL_TESTS: &[&str] = &[
    "critical",
    ">=critical",
    "<critical",
    "[info TO critical]",
    "info",
    "high",
    "warn",
];

pub(super) fn pick<'a>(rng: &mut impl FnMut() -> u64, from: &[&'a str]) -> &'a str {
    let at = usize::try_from(rng() % from.len() as u64).unwrap_or(0);
    from.get(at).copied().unwrap_or("")
}

fn message(rng: &mut impl FnMut() -> u64) -> String {
    let mut text = String::new();
    for _ in 0..rng() % 8 {
        text.push_str(pick(rng, WORDS));
        text.push_str(pick(rng, JOINTS));
    }
    text
}

/// An event of a few words and fields; its position is random too.
pub fn random_event(rng: &mut impl FnMut() -> u64) -> Event {
    // Two days around 2026-11-20, in steps that meet the times of the queries.
    let time = 1_795_132_800_000_000_000 + (rng() % 96) as i64 * 1_800_000_000_000 - 86_400_000_000_000;
    let mut event = Event::new(Timestamp(time), rng() % 1_000_000, message(rng));
    for _ in 0..rng() % 5 {
        let value: Value = serde_json::from_str(pick(rng, VALUES)).unwrap_or_default();
        event.fields.set(pick(rng, NAMES), value);
    }
    event
}

/// A query that is read without an error and has a fair chance to match a random event.
pub fn random_query(rng: &mut impl FnMut() -> u64) -> String {
    let mut text = String::new();
    expression(rng, &mut text, 3);
    text
}

fn expression(rng: &mut impl FnMut() -> u64, out: &mut String, depth: u32) {
    let operators: &[&str] = &[" ", " AND ", " OR ", " OR ", " NOT ", " -"];
    term(rng, out, depth);
    for _ in 0..rng() % 3 {
        out.push_str(pick(rng, operators));
        term(rng, out, depth);
    }
}

fn term(rng: &mut impl FnMut() -> u64, out: &mut String, depth: u32) {
    match rng() % 10 {
        0 if depth > 0 => {
            out.push_str(pick(rng, &["(", "NOT (", "NOT NOT ("]));
            expression(rng, out, depth - 1);
            out.push(')');
        }
        0..=2 => {
            let word = pick(rng, WORDS);
            out.push_str(&quoted(word));
        }
        3 => out.push_str(pick(
            rng,
            &[
                "err*",
                "conn*",
                "fail*",
                "k*",
                "ПРИ*",
                "日*",
                "1*",
                "\"10 0\"*",
                "user-na*",
            ],
        )),
        4 => {
            let phrase = message(rng);
            let words = phrase.chars().any(watchpost_event::words::is_word_char);
            out.push_str(&quoted(if words { &phrase } else { "error" }));
        }
        5 => out.push_str(pick(
            rng,
            &[
                "message:~/err(or)?/i",
                "message:~/^$/",
                "message:*",
                "message:(error OR 10.0.0.7)",
            ],
        )),
        6 => out.push_str(pick(
            rng,
            &[
                "@timestamp:2026-11-20",
                "@timestamp:>=2026-11-20T06:00",
                "@timestamp:<2026-11-20",
                "@timestamp:[2026-11-19T12 TO 2026-11-20T12:30]",
                "@timestamp:>2026-11-20",
            ],
        )),
        7 => {
            out.push_str(pick(rng, &["log.level:", "rule.level:", "event.severity:"]));
            out.push_str(pick(rng, LEVEL_TESTS));
        }
        8 => {
            out.push_str(pick(rng, NAMES));
            out.push(':');
            out.push_str(pick(rng, TESTS));
        }
        _ => equality(rng, out),
    }
}

fn equality(rng: &mut impl FnMut() -> u64, out: &mut String) {
    out.push_str(pick(rng, NAMES));
    out.push(':');
    match serde_json::from_str(pick(rng, VALUES)) {
        Ok(Value::String(text)) => out.push_str(&quoted(&text)),
        Ok(Value::Array(items)) => out.push_str(&quoted(items.first().and_then(Value::as_str).unwrap_or("2"))),
        Ok(Value::Null) | Err(_) => out.push_str("null"),
        Ok(other) => out.push_str(&other.to_string()),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
