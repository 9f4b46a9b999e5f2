//! `scan files`: what was found, for people and for programs.

use std::collections::BTreeMap;
use std::io::Write;

use reqwest::Method;
use serde::Serialize;
use watchpost_event::api::{LookupInfo, LookupRequest, LookupsResponse};

use crate::{Client, ConsoleError, harmless, table};

/// Hashes of one request.
const PIECE: usize = 100;

/// A file that was looked at, as a line of `--json` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScannedFile {
    /// Where it is.
    pub path: String,
    /// In bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Permission bits in octal, `0755`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `elf`, `pe`, `mach_o`, `script`, `archive`, `document`, `text`, `empty`, `other`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A script's, as its first line names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// An archive's or document's, by its usual ending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Of its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What is known of it, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<KnownOfFile>,
    /// Why it could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The type for people.
    #[serde(skip)]
    pub words: String,
}

/// The worst that anyone says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KnownOfFile {
    /// `malicious`, `suspicious`, `harmless`, `unknown`, or `waiting` where a service has not been asked yet.
    pub verdict: String,
    /// Who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How many of its engines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positives: Option<u32>,
    /// Of so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// What they call it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Where a person can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// From worst to best; what is not known by name comes last.
const VERDICTS: [&str; 5] = ["malicious", "suspicious", "waiting", "unknown", "harmless"];

impl KnownOfFile {
    fn rank(&self) -> usize {
        let found = VERDICTS.iter().position(|verdict| *verdict == self.verdict);
        found.unwrap_or(VERDICTS.len())
    }

    fn words(&self) -> String {
        let Some(service) = &self.service else {
            return self.verdict.clone();
        };
        let engines = match (self.positives, self.total) {
            (Some(positives), Some(total)) => format!(" {positives}/{total}"),
            _ => String::new(),
        };
        format!("{} ({service}{engines})", self.verdict)
    }
}

impl ScannedFile {
    fn rank(&self) -> usize {
        self.lookup.as_ref().map_or(VERDICTS.len(), KnownOfFile::rank)
    }
}

/// One object per line.
pub fn write_files_json(files: &[ScannedFile], out: &mut dyn Write) -> Result<(), ConsoleError> {
    for file in files {
        let line = serde_json::to_string(file).map_err(|error| ConsoleError::Output(error.into()))?;
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// A table: what is worst first, then by path.
pub fn write_files_table(files: &mut [ScannedFile], out: &mut dyn Write) -> Result<(), ConsoleError> {
    if files.is_empty() {
        return Ok(());
    }
    files.sort_by(|a, b| (a.rank(), &a.path).cmp(&(b.rank(), &b.path)));
    let has_verdicts = files.iter().any(|file| file.lookup.is_some());
    let mut titles = vec!["size", "mode", "type", "sha256", "path"];
    if has_verdicts {
        titles.insert(0, "verdict");
    }
    let mut rows = vec![titles.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(files.iter().map(|file| row(file, has_verdicts)));
    let size_column = usize::from(has_verdicts);
    out.write_all(table::render_by(&rows, |column| column == size_column).as_bytes())?;
    Ok(())
}

fn row(file: &ScannedFile, has_verdicts: bool) -> Vec<String> {
    let dash = || "-".to_owned();
    let path = match &file.error {
        Some(error) => format!("{}: {}", harmless(&file.path), harmless(error)),
        None => harmless(&file.path),
    };
    let mut cells = vec![
        file.size.map_or_else(dash, |size| size.to_string()),
        file.mode.clone().unwrap_or_else(dash),
        if file.words.is_empty() {
            dash()
        } else {
            harmless(&file.words)
        },
        file.sha256.clone().unwrap_or_else(dash),
        path,
    ];
    if has_verdicts {
        let words = file.lookup.as_ref().map_or_else(dash, KnownOfFile::words);
        cells.insert(0, harmless(&words));
    }
    cells
}

/// What a server knows of hashes, asked of its services where it knows nothing yet and they answer within `wait` seconds.
pub async fn ask_server(
    client: &Client,
    sums: &[String],
    wait: u64,
) -> Result<BTreeMap<String, KnownOfFile>, ConsoleError> {
    let mut known = BTreeMap::new();
    for piece in sums.chunks(PIECE) {
        let request = LookupRequest {
            indicators: piece.to_vec(),
            wait,
        };
        let response: LookupsResponse = client.change(Method::POST, "/api/v1/lookups", &request).await?;
        known.extend(
            response
                .lookups
                .into_iter()
                .map(|one| (one.indicator.clone(), worst(one))),
        );
    }
    Ok(known)
}

/// Somebody who was not asked yet may know better than everyone who knows nothing.
fn worst(lookup: LookupInfo) -> KnownOfFile {
    let is_sure = matches!(lookup.verdict.as_str(), "malicious" | "suspicious");
    if !is_sure && !lookup.waiting.is_empty() {
        return KnownOfFile {
            verdict: "waiting".to_owned(),
            service: Some(lookup.waiting.join(", ")),
            ..KnownOfFile::default()
        };
    }
    let verdicts = lookup.verdicts.into_iter();
    let said = verdicts.into_iter().find(|verdict| verdict.verdict == lookup.verdict);
    let said = said.unwrap_or_default();
    KnownOfFile {
        verdict: lookup.verdict,
        service: Some(said.service).filter(|service| !service.is_empty()),
        positives: said.positives,
        total: said.total,
        names: said.names,
        link: said.link,
    }
}

/// Puts what is known of hashes beside the files that have them.
pub fn add_known(files: &mut [ScannedFile], known: &BTreeMap<String, KnownOfFile>) {
    for file in files {
        let found = file.sha256.as_ref().and_then(|sum| known.get(sum));
        if found.is_some() {
            file.lookup = found.cloned();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn file(path: &str, sum: &str) -> ScannedFile {
        ScannedFile {
            path: path.to_owned(),
            size: Some(12),
            mode: Some("0755".to_owned()),
            kind: Some("script".to_owned()),
            interpreter: Some("/bin/sh".to_owned()),
            sha256: Some(sum.to_owned()),
            words: "script sh".to_owned(),
            ..ScannedFile::default()
        }
    }

    #[test]
    fn the_worst_come_first_and_names_move_nothing_on_a_terminal() {
        let mut files = [file("/b", "02"), file("/a", "01"), file("/\u{1b}[2Jc", "03")];
        let bad = KnownOfFile {
            verdict: "malicious".to_owned(),
            service: Some("virustotal".to_owned()),
            positives: Some(45),
            total: Some(70),
            ..KnownOfFile::default()
        };
        let good = KnownOfFile {
            verdict: "harmless".to_owned(),
            ..KnownOfFile::default()
        };
        add_known(&mut files, &[("02".to_owned(), bad), ("01".to_owned(), good)].into());
        let mut out = Vec::new();
        write_files_table(&mut files, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("verdict "), "{text}");
        assert!(
            lines[1].starts_with("malicious (virustotal 45/70)") && lines[1].ends_with("/b"),
            "{text}"
        );
        assert!(
            lines[2].starts_with("harmless ") && lines[3].ends_with("/\\x1b[2Jc"),
            "{text}"
        );
    }

    #[test]
    fn the_lines_for_programs_are_a_contract() {
        let mut out = Vec::new();
        let missing = ScannedFile {
            path: "/x".to_owned(),
            error: Some("it cannot be read".to_owned()),
            ..ScannedFile::default()
        };
        write_files_json(&[file("/a", "01"), missing], &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"path\":\"/a\",\"size\":12,\"mode\":\"0755\",\"type\":\"script\",\"interpreter\":\"/bin/sh\",\"sha256\":\"01\"}\n\
             {\"path\":\"/x\",\"error\":\"it cannot be read\"}\n"
        );
    }
}
