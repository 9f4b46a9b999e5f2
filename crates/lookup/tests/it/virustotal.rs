//! A double of the VirusTotal API v3, by its documentation, with its error answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use watchpost_kit::Secret;
use watchpost_lookup::{LookupSection, LookupSettings, ServiceKind, ServiceSettings};

use crate::doubles::{HttpDouble, Reply, Request};

pub(crate) const KEY: &str = "d0a1f7c2b93e4856";

/// How the API behaves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mode {
    Up,
    /// An error answer, with the seconds of `Retry-After`.
    Error(u16, &'static str, Option<u64>),
    /// Takes the request and never answers.
    Slow,
    /// Ends the connection in the middle of the answer.
    Cut,
    /// Answers without end.
    Endless,
    /// Something between us and it answers.
    Portal,
}

pub(crate) struct Double {
    pub(crate) http: HttpDouble,
    mode: Arc<Mutex<Mode>>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Double {
    pub(crate) fn start() -> Self {
        let mode = Arc::new(Mutex::new(Mode::Up));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (modes, requests) = (mode.clone(), seen.clone());
        let http = HttpDouble::start(move |request| {
            let mode = modes.lock().unwrap().clone();
            if mode != Mode::Slow {
                requests.lock().unwrap().push(request.clone());
            }
            answer(&mode, request)
        });
        Self { http, mode, seen }
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn settings(&self) -> ServiceSettings {
        of(ServiceKind::VirusTotal, &self.http.url())
    }
}

/// A service at this address, impatient.
pub(crate) fn of(kind: ServiceKind, url: &str) -> ServiceSettings {
    let mut section = LookupSection::default();
    match kind {
        ServiceKind::VirusTotal => {
            (section.virustotal.key, section.virustotal.upload) = (Secret::new(KEY), true);
            url.clone_into(&mut section.virustotal.url);
        }
        ServiceKind::MalwareBazaar => {
            section.malwarebazaar.key = Secret::new(KEY);
            url.clone_into(&mut section.malwarebazaar.url);
        }
        ServiceKind::MetaDefender => {
            (section.metadefender.key, section.metadefender.upload) = (Secret::new(KEY), true);
            url.clone_into(&mut section.metadefender.url);
        }
    }
    let settings = LookupSettings::try_from(section).unwrap();
    ServiceSettings {
        timeout: Duration::from_millis(500),
        ..settings.services[0].clone()
    }
}

fn error(status: u16, code: &str, after: Option<u64>) -> Reply {
    let headers = after.map(|seconds| ("Retry-After".to_owned(), seconds.to_string()));
    // The key comes back, as some proxies do it.
    let body = json!({"error": {"code": code, "message": format!("{code} for {KEY}")}});
    Reply::Answer(status, headers.into_iter().collect(), body.to_string())
}

fn answer(mode: &Mode, request: &Request) -> Reply {
    match mode {
        Mode::Error(status, code, after) => return error(*status, code, *after),
        Mode::Slow => return Reply::Hang,
        Mode::Cut => return Reply::Raw(b"HTTP/1.1 200 -\r\nContent-Length: 5000\r\n\r\n{\"data\":".to_vec()),
        Mode::Endless => {
            let mut bytes = b"HTTP/1.1 200 -\r\nContent-Length: 9000000\r\n\r\n".to_vec();
            bytes.resize(bytes.len() + 9_000_000, b' ');
            return Reply::Raw(bytes);
        }
        Mode::Portal => return Reply::Answer(404, Vec::new(), "<html>Please log in</html>".to_owned()),
        Mode::Up => {}
    }
    if request.headers.get("x-apikey").map(String::as_str) != Some(KEY) {
        return error(401, "WrongCredentialsError", None);
    }
    let path = request.path.strip_prefix("/api/v3/").unwrap_or_default();
    let ok = |body: serde_json::Value| Reply::Answer(200, Vec::new(), body.to_string());
    match (request.method.as_str(), path.split_once('/')) {
        ("POST", None) if path == "files" => ok(json!({"data": {"type": "analysis", "id": "NjY0MjRl"}})),
        ("GET", Some(("files" | "ip_addresses" | "domains", value))) if value.starts_with(['0', 'a', 'e', '2']) => {
            ok(report(value))
        }
        _ => error(404, "NotFoundError", None),
    }
}

/// As the API writes a report, with parts that nobody here reads.
fn report(value: &str) -> serde_json::Value {
    let stats = match value.as_bytes().first() {
        Some(b'0') => json!({"harmless": 0, "type-unsupported": 4, "suspicious": 0, "confirmed-timeout": 0,
            "timeout": 1, "failure": 0, "malicious": 0, "undetected": 66}),
        _ => json!({"harmless": 0, "type-unsupported": 4, "suspicious": 1, "confirmed-timeout": 0,
            "timeout": 1, "failure": 0, "malicious": 45, "undetected": 24}),
    };
    json!({"data": {"type": "file", "id": value, "links": {"self": "-"}, "attributes": {
        "last_analysis_stats": stats,
        "last_analysis_results": {"Engine": {"category": "malicious", "engine_name": "Engine", "result": "Trojan"}},
        "popular_threat_classification": {"suggested_threat_label": "trojan.mirai/gafgyt",
            "popular_threat_name": [{"count": 20, "value": "mirai"}, {"count": 3, "value": "gafgyt"}]},
        "reputation": -7, "names": ["x"], "size": 12}}})
}
