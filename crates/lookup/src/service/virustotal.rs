//! VirusTotal API v3 (docs.virustotal.com/reference): `files/{hash}`, `ip_addresses/{address}`, `domains/{name}`, and
//! uploads.

use std::time::Duration;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{StatusCode, Url};
use serde::Deserialize;
use watchpost_event::Timestamp;

use crate::http::Remote;
use crate::upload::Upload;
use crate::verdict::by_engines;
use crate::{AskError, Indicator, IndicatorKind, Verdict};

const SERVICE: &str = "virustotal";
const KEY: &str = "x-apikey";
/// Files up to this go to the ordinary address …
const DIRECT_BYTES_MAX: u64 = 32 << 20;
/// … larger ones to one that is asked for first, up to this.
pub(super) const UPLOAD_BYTES_MAX: u64 = 650 << 20;
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(10);

#[derive(Deserialize)]
struct Report {
    data: Object,
}

#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    last_analysis_stats: Stats,
    popular_threat_classification: Classification,
}

/// How many engines came to what. Those that could not look (timeout, unsupported type) are not counted.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    malicious: u32,
    suspicious: u32,
    harmless: u32,
    undetected: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Classification {
    suggested_threat_label: String,
    popular_threat_name: Vec<Popular>,
}

#[derive(Deserialize)]
struct Popular {
    value: String,
}

pub(super) async fn look(remote: &Remote, indicator: &Indicator, now: Timestamp) -> Result<Verdict, AskError> {
    let (collection, page) = match indicator.kind() {
        IndicatorKind::Hash => ("files", "file"),
        IndicatorKind::Ip => ("ip_addresses", "ip-address"),
        IndicatorKind::Domain => ("domains", "domain"),
    };
    let url = remote.at(&["api", "v3", collection, indicator.as_str()]);
    let request = remote.client.get(url).header(KEY, remote.key.expose());
    let answer = remote.exchange(request).await?;
    if answer.status == StatusCode::NOT_FOUND && is_theirs(&answer.body) {
        return Ok(Verdict::unknown(SERVICE, now));
    }
    if !answer.status.is_success() {
        return Err(remote.refused(&answer));
    }
    let report: Report = remote.read(&answer)?;
    let Attributes {
        last_analysis_stats: stats,
        popular_threat_classification: called,
    } = report.data.attributes;
    let total = [stats.malicious, stats.suspicious, stats.harmless, stats.undetected]
        .iter()
        .fold(0_u32, |sum, n| sum.saturating_add(*n));
    let mut verdict = Verdict {
        opinion: by_engines(stats.malicious, stats.suspicious, total),
        positives: Some(stats.malicious),
        total: Some(total),
        link: Some(format!("https://www.virustotal.com/gui/{page}/{indicator}")),
        ..Verdict::unknown(SERVICE, now)
    };
    verdict.add_name(&called.suggested_threat_label);
    for popular in &called.popular_threat_name {
        verdict.add_name(&popular.value);
    }
    Ok(verdict)
}

/// Its own "not found" says so as JSON; a proxy's page about a wrong address does not.
fn is_theirs(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Failure {
        error: Code,
    }
    #[derive(Deserialize)]
    struct Code {
        code: String,
    }
    serde_json::from_slice::<Failure>(body).is_ok_and(|failure| failure.error.code == "NotFoundError")
}

/// Answers the id of the analysis.
pub(super) async fn upload(remote: &Remote, upload: Upload) -> Result<String, AskError> {
    #[derive(Deserialize)]
    struct Taken {
        data: Analysis,
    }
    #[derive(Deserialize)]
    struct Analysis {
        id: String,
    }
    let url = if upload.size > DIRECT_BYTES_MAX {
        large_upload_url(remote).await?
    } else {
        remote.at(&["api", "v3", "files"])
    };
    let (content_type, length, body) = upload.form();
    let request = remote
        .client
        .post(url)
        .timeout(UPLOAD_TIMEOUT)
        .header(KEY, remote.key.expose())
        .header(CONTENT_TYPE, content_type)
        .header(CONTENT_LENGTH, length)
        .body(body);
    let answer = remote.exchange(request).await?;
    if !answer.status.is_success() {
        return Err(remote.refused(&answer));
    }
    let taken: Taken = remote.read(&answer)?;
    Ok(taken.data.id)
}

/// Where one large file may be given.
async fn large_upload_url(remote: &Remote) -> Result<Url, AskError> {
    #[derive(Deserialize)]
    struct Place {
        data: String,
    }
    let url = remote.at(&["api", "v3", "files", "upload_url"]);
    let request = remote.client.get(url).header(KEY, remote.key.expose());
    let answer = remote.exchange(request).await?;
    if !answer.status.is_success() {
        return Err(remote.refused(&answer));
    }
    let place: Place = remote.read(&answer)?;
    let url = Url::parse(&place.data).ok().filter(|url| belongs(remote, url));
    url.ok_or_else(|| remote.later("names an address for large files that is not its own", None))
}

/// The key and the file go to the service and its other hosts only, and as safely as everything else.
fn belongs(remote: &Remote, url: &Url) -> bool {
    let (Some(own), Some(host)) = (remote.base.host_str(), url.host_str()) else {
        return false;
    };
    let family = own.strip_prefix("www.").unwrap_or(own);
    let is_sibling = host.strip_suffix(family).is_some_and(|rest| rest.ends_with('.'));
    url.scheme() == remote.base.scheme() && (host == own || host == family || is_sibling)
}
