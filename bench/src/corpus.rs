//! What is measured on: a generated corpus of four kinds of lines, or a folder made elsewhere
//! (`lines.log`, one message a line, and `json/*.ndjson`, the same records with `@timestamp`, `host`, `source`, `message`).

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::random::Random;
use crate::timing::thread_cpu_seconds;

/// Seconds since 1970 at which generated records begin: 2026-11-20 00:00 UTC.
pub(crate) const BEGIN_SECONDS: u64 = 1_795_132_800;
const JSON_FILE_BYTES: usize = 4_000_000;

/// A corpus on disk.
pub(crate) struct Corpus {
    pub(crate) lines: PathBuf,
    pub(crate) json: Vec<PathBuf>,
    pub(crate) name: String,
    /// Records, and bytes of their messages with line breaks.
    pub(crate) records: u64,
    pub(crate) raw_bytes: u64,
    pub(crate) json_bytes: u64,
    /// `lines.log` as one zstd -3 frame.
    pub(crate) compressed: Compressed,
    /// A word in many records and one in few, with their counts.
    pub(crate) frequent: (String, u64),
    pub(crate) needle: (String, u64),
}

impl Corpus {
    /// Opens a folder.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self> {
        let lines = folder.join("lines.log");
        let mut json: Vec<PathBuf> = fs::read_dir(folder.join("json"))
            .with_context(|| format!("no json folder in {}", folder.display()))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<_>>()?;
        json.sort();
        ensure!(!json.is_empty(), "{} holds no json files", folder.display());
        let json_bytes = json
            .iter()
            .map(|path| Ok(fs::metadata(path)?.len()))
            .sum::<Result<u64>>()?;
        let census = Census::take(&lines)?;
        Ok(Self {
            compressed: compress(&lines)?,
            raw_bytes: fs::metadata(&lines)?.len(),
            records: census.records,
            frequent: census.frequent()?,
            needle: census.needle()?,
            name: name.to_owned(),
            lines,
            json,
            json_bytes,
        })
    }

    /// Generates one from a seed.
    pub(crate) fn generate(folder: &Path, megabytes: u64, seed: u64) -> Result<Self> {
        fs::create_dir_all(folder.join("json"))?;
        let mut random = Random::new(seed);
        let mut lines = BufWriter::new(File::create(folder.join("lines.log"))?);
        let mut json = Vec::new();
        let (mut raw, mut count, mut files) = (0_u64, 0_u64, 0_u32);
        while raw < megabytes * 1_000_000 {
            let (source, message) = record(&mut random, count);
            writeln!(lines, "{message}")?;
            raw += message.len() as u64 + 1;
            let object = serde_json::json!({ "@timestamp": stamp(count), "host": format!("h{}", count % 10), "source": source, "message": message });
            serde_json::to_writer(&mut json, &object)?;
            json.push(b'\n');
            if json.len() > JSON_FILE_BYTES {
                fs::write(folder.join(format!("json/{files:04}.ndjson")), &json)?;
                json.clear();
                files += 1;
            }
            count += 1;
        }
        fs::write(folder.join(format!("json/{files:04}.ndjson")), &json)?;
        lines.flush()?;
        Self::open(folder, &format!("generated, seed {seed}"))
    }
}

/// Time of a record: a millisecond apart.
fn stamp(count: u64) -> String {
    watchpost_event::Timestamp((BEGIN_SECONDS * 1_000_000_000 + count * 1_000_000) as i64).to_string()
}

fn address(random: &mut Random) -> String {
    let n = random.skewed(60_000);
    format!(
        "{}.{}.{}.{}",
        11 + n % 180,
        n / 180 % 256,
        n * 7 % 256,
        1 + n * 13 % 254
    )
}

fn record(random: &mut Random, count: u64) -> (&'static str, String) {
    match random.below(100) {
        0..=44 => ("auth", auth(random, count)),
        45..=74 => ("access", access(random, count)),
        75..=89 => ("kv", key_value(random)),
        _ => ("json", json(random)),
    }
}

fn auth(random: &mut Random, count: u64) -> String {
    let users = [
        "root", "admin", "anna", "deploy", "postgres", "git", "test", "oracle", "ubuntu", "backup",
    ];
    let (time, pid, port) = (count / 1000, 900 + random.below(60_000), 1024 + random.below(64_000));
    let clock = format!("Nov 20 {:02}:{:02}:{:02}", time / 3600 % 24, time / 60 % 60, time % 60);
    let (user, from) = (random.pick(&users), address(random));
    let said = match random.below(20) {
        0..=8 => format!("Failed password for {user} from {from} port {port} ssh2"),
        9..=11 => format!(
            "Failed password for invalid user {user}{} from {from} port {port} ssh2",
            random.below(400)
        ),
        12..=14 => format!("Connection closed by authenticating user {user} {from} port {port} [preauth]"),
        15..=16 => format!(
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={from}  user={user}"
        ),
        17 => format!(
            "Accepted publickey for {user} from {from} port {port} ssh2: ED25519 SHA256:{:016x}{:016x}",
            random.next(),
            random.next()
        ),
        18 => format!(
            "pam_unix(cron:session): session opened for user {user}(uid={}) by (uid=0)",
            random.below(1200)
        ),
        _ => format!("Received disconnect from {from} port {port}:11: Bye Bye [preauth]"),
    };
    format!("{clock} h{} sshd[{pid}]: {said}", count % 10)
}

fn access(random: &mut Random, count: u64) -> String {
    let pages = [
        "/",
        "/index.html",
        "/api/v1/orders",
        "/api/v1/items",
        "/static/app.js",
        "/static/app.css",
        "/login",
        "/favicon.ico",
        "/search",
    ];
    let agents = [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile Safari/604.1",
        "curl/8.10.1",
        "python-requests/2.32.3",
    ];
    let (time, from, page) = (count / 1000, address(random), random.pick(&pages));
    let status = ["200", "200", "200", "200", "304", "404", "500", "302"][random.below(8) as usize];
    let query = if random.below(3) == 0 {
        format!("?id={}", random.below(9_000_000))
    } else {
        String::new()
    };
    let bytes = 200 + random.skewed(90_000);
    let clock = format!("{:02}:{:02}:{:02}", time / 3600 % 24, time / 60 % 60, time % 60);
    format!(
        "{from} - - [20/Nov/2026:{clock} +0000] \"{} {page}{query} HTTP/1.1\" {status} {bytes} \"-\" \"{}\"",
        random.pick(&["GET", "GET", "GET", "POST"]),
        random.pick(&agents)
    )
}

fn key_value(random: &mut Random) -> String {
    let level = random.pick(&["info", "info", "info", "debug", "warning", "error"]);
    let parts = ["billing", "stock", "mailer", "session", "gateway"];
    let said = [
        "request served",
        "cache refreshed",
        "retrying upstream",
        "payment accepted",
        "message queued",
        "lease renewed",
    ];
    format!(
        "level={level} component={} msg=\"{}\" duration_ms={} trace={:016x} tenant=t{} attempt={}",
        random.pick(&parts),
        random.pick(&said),
        random.skewed(4_000),
        random.next(),
        random.skewed(500),
        random.below(4)
    )
}

fn json(random: &mut Random) -> String {
    let methods = ["GET", "PUT", "DELETE", "PATCH"];
    serde_json::json!({
        "level": random.pick(&["info", "warn", "error"]),
        "service": random.pick(&["orders", "auth", "catalog"]),
        "request": { "id": format!("{:016x}", random.next()), "method": random.pick(&methods), "bytes": random.skewed(70_000) },
        "client": address(random),
        "took": random.skewed(900) as f64 / 10.0,
        "msg": random.pick(&["done", "not found", "timeout while reading response", "denied by policy"]),
    })
    .to_string()
}

/// The corpus' lines, again and again.
pub(crate) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    round: u64,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::with_capacity(1 << 18, file),
            round: 0,
        })
    }

    /// The next line without its end; how often the corpus was read before it.
    pub(crate) fn next(&mut self, line: &mut String) -> Result<u64> {
        line.clear();
        if self.reader.read_line(line)? == 0 {
            let round = self.round + 1;
            *self = Self {
                round,
                ..Self::open(&self.path)?
            };
            ensure!(self.reader.read_line(line)? > 0, "{} is empty", self.path.display());
        }
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok(self.round)
    }
}

/// How often each word of a sample stands in the corpus.
struct Census {
    records: u64,
    counts: std::collections::HashMap<String, u64>,
}

impl Census {
    fn take(lines: &Path) -> Result<Self> {
        let mut counts = std::collections::HashMap::new();
        let mut records = 0;
        let mut line = String::new();
        let mut reader = BufReader::new(File::open(lines).with_context(|| format!("cannot read {}", lines.display()))?);
        while reader.read_line(&mut line)? > 0 {
            records += 1;
            let mut seen: Vec<&str> = line
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .filter(|word| countable(word))
                .collect();
            seen.sort_unstable();
            seen.dedup();
            for word in seen {
                // Most words of the tail occur once; new ones are only taken from a part of the records to bound the memory.
                match counts.get_mut(&word.to_ascii_lowercase()) {
                    Some(count) => *count += 1,
                    None if records < 200_000 => drop(counts.insert(word.to_ascii_lowercase(), 1)),
                    None => {}
                }
            }
            line.clear();
        }
        Ok(Self { records, counts })
    }

    /// The word that is nearest to a count; of equal ones the first in the alphabet.
    fn nearest(&self, wanted: u64) -> Result<(String, u64)> {
        let best = self
            .counts
            .iter()
            .min_by_key(|(word, count)| (count.abs_diff(wanted), word.as_str()));
        best.map(|(word, count)| (word.clone(), *count))
            .context("the corpus holds no words")
    }

    fn frequent(&self) -> Result<(String, u64)> {
        self.nearest(self.records / 16)
    }

    fn needle(&self) -> Result<(String, u64)> {
        self.nearest(self.records.min(35))
    }
}

/// Words that mean the same to every word splitter.
fn countable(word: &str) -> bool {
    (4..=24).contains(&word.len()) && word.bytes().any(|b| b.is_ascii_alphabetic())
}

/// What compressing the messages gave and took.
#[derive(Clone, Copy)]
pub(crate) struct Compressed {
    pub(crate) bytes: u64,
    pub(crate) cpu_seconds: f64,
}

/// Compresses a file with zstd -3 on one thread, reading it included.
pub(crate) fn compress(path: &Path) -> Result<Compressed> {
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let begun = thread_cpu_seconds();
    let mut encoder = zstd::Encoder::new(Count(0), 3)?;
    std::io::copy(&mut File::open(path)?, &mut encoder)?;
    let bytes = encoder.finish()?.0;
    Ok(Compressed {
        bytes,
        cpu_seconds: thread_cpu_seconds() - begun,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_corpus_and_both_forms_hold_the_same_records() {
        let folder = tempfile::tempdir().unwrap();
        let first = Corpus::generate(&folder.path().join("a"), 1, 7).unwrap();
        let again = Corpus::generate(&folder.path().join("b"), 1, 7).unwrap();
        assert_eq!(fs::read(&first.lines).unwrap(), fs::read(&again.lines).unwrap());
        let messages: Vec<String> = first
            .json
            .iter()
            .flat_map(|path| {
                fs::read_to_string(path)
                    .unwrap()
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(&line).unwrap()["message"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(messages.len() as u64, first.records);
        assert_eq!(messages.join("\n") + "\n", fs::read_to_string(&first.lines).unwrap());
        let counted = messages
            .iter()
            .filter(|message| message.to_ascii_lowercase().contains(&first.frequent.0))
            .count() as u64;
        assert!(counted >= first.frequent.1, "{:?} stands in {counted}", first.frequent);
    }
}
