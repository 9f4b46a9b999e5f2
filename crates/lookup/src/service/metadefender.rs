//! MetaDefender Cloud API v4 (docs.opswat.com/mdcloud): `hash/{hash}` and `file`.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde::Deserialize;
use watchpost_event::Timestamp;

use crate::http::Remote;
use crate::upload::Upload;
use crate::verdict::by_engines;
use crate::{AskError, Indicator, Verdict};

const SERVICE: &str = "metadefender";
const KEY: &str = "apikey";
/// Of the free tier.
pub(super) const UPLOAD_BYTES_MAX: u64 = 140 << 20;
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(10);
/// `scan_all_result_i`: some engine calls it suspicious.
const SUSPICIOUS: i64 = 2;

#[derive(Deserialize)]
struct Report {
    scan_results: Option<Results>,
    file_info: Option<FileInfo>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Results {
    scan_all_result_i: i64,
    total_avs: i64,
    total_detected_avs: i64,
    scan_details: BTreeMap<String, Engine>,
}

#[derive(Deserialize)]
struct Engine {
    #[serde(default)]
    threat_found: Option<String>,
}

#[derive(Deserialize)]
struct FileInfo {
    sha256: Option<String>,
}

pub(super) async fn look(remote: &Remote, indicator: &Indicator, now: Timestamp) -> Result<Verdict, AskError> {
    let url = remote.at(&["v4", "hash", indicator.as_str()]);
    let request = remote.client.get(url).header(KEY, remote.key.expose());
    let answer = remote.exchange(request).await?;
    if answer.status == StatusCode::NOT_FOUND && is_theirs(&answer.body) {
        return Ok(Verdict::unknown(SERVICE, now));
    }
    if !answer.status.is_success() {
        return Err(remote.refused(&answer));
    }
    let report: Report = remote.read(&answer)?;
    let Some(results) = report.scan_results else {
        return Ok(Verdict::unknown(SERVICE, now));
    };
    let number = |count: i64| u32::try_from(count.max(0)).unwrap_or(u32::MAX);
    let (detected, total) = (number(results.total_detected_avs), number(results.total_avs));
    let suspicious = u32::from(results.scan_all_result_i == SUSPICIOUS);
    let hash = report.file_info.and_then(|info| info.sha256);
    let hash = hash.as_deref().and_then(Indicator::hash);
    let mut verdict = Verdict {
        opinion: by_engines(detected, suspicious, total),
        positives: Some(detected),
        total: Some(total),
        link: Some(format!(
            "https://metadefender.opswat.com/results/hash/{}",
            hash.as_ref().unwrap_or(indicator)
        )),
        ..Verdict::unknown(SERVICE, now)
    };
    for engine in results.scan_details.values() {
        verdict.add_name(engine.threat_found.as_deref().unwrap_or_default());
    }
    Ok(verdict)
}

/// Its own "not found" has an error code as JSON (404003: the hash was not found).
fn is_theirs(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Failure {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: i64,
    }
    serde_json::from_slice::<Failure>(body).is_ok_and(|failure| failure.error.code / 1_000 == 404)
}

/// Answers the id of the analysis.
pub(super) async fn upload(remote: &Remote, upload: Upload) -> Result<String, AskError> {
    #[derive(Deserialize)]
    struct Taken {
        data_id: String,
    }
    let name = upload.plain_name();
    let (length, body) = upload.raw();
    let request = remote
        .client
        .post(remote.at(&["v4", "file"]))
        .timeout(UPLOAD_TIMEOUT)
        .header(KEY, remote.key.expose())
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_LENGTH, length)
        .header("filename", name)
        .body(body);
    let answer = remote.exchange(request).await?;
    if !answer.status.is_success() {
        return Err(remote.refused(&answer));
    }
    let taken: Taken = remote.read(&answer)?;
    Ok(taken.data_id)
}
