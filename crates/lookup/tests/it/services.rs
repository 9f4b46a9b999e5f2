//! What each service answers, and what comes of it.

use serde_json::json;
use watchpost_event::Timestamp;
use watchpost_lookup::{AskError, Indicator, Opinion, Service, ServiceKind, Verdict};

use crate::doubles::{HttpDouble, Reply};
use crate::virustotal::{Double, KEY, Mode, of};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000_000);

fn hash(first: char) -> Indicator {
    Indicator::hash(&format!("{first}{}", "b".repeat(63))).unwrap()
}

async fn look(double: &Double, indicator: &Indicator) -> Result<Verdict, AskError> {
    Service::new(&double.settings()).unwrap().look(indicator, NOW).await
}

#[tokio::test]
async fn virustotal_tells_malware_harmless_and_unknown_files_apart() {
    let double = Double::start();
    let bad = look(&double, &hash('a')).await.unwrap();
    assert_eq!(
        (bad.opinion, bad.positives, bad.total),
        (Opinion::Malicious, Some(45), Some(70))
    );
    assert_eq!(bad.names, ["trojan.mirai/gafgyt", "mirai", "gafgyt"]);
    assert!(bad.link.unwrap().starts_with("https://www.virustotal.com/gui/file/ab"));
    assert_eq!(bad.looked_at, NOW);
    let good = look(&double, &hash('0')).await.unwrap();
    assert_eq!(
        (good.opinion, good.positives, good.total),
        (Opinion::Harmless, Some(0), Some(66))
    );
    let unknown = look(&double, &hash('f')).await.unwrap();
    assert_eq!((unknown.opinion, unknown.total), (Opinion::Unknown, None));
    let address = look(&double, &"203.0.113.7".parse().unwrap()).await.unwrap();
    assert_eq!(address.opinion, Opinion::Malicious);
    let domain = look(&double, &"evil.example.org".parse().unwrap()).await.unwrap();
    assert_eq!(domain.opinion, Opinion::Malicious);
    let paths: Vec<String> = double.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(
        paths[3..],
        ["/api/v3/ip_addresses/203.0.113.7", "/api/v3/domains/evil.example.org"]
    );
    assert!(
        double.requests().iter().all(|request| request.body.is_empty()),
        "only the indicator is sent"
    );
}

type Is = fn(&AskError) -> bool;

#[tokio::test]
async fn every_error_answer_of_virustotal_is_told_apart_and_none_shows_the_key() {
    let double = Double::start();
    let cases: [(Mode, Is); 11] = [
        (Mode::Error(400, "InvalidArgumentError", None), |error| {
            matches!(error, AskError::Never { .. })
        }),
        (Mode::Error(401, "WrongCredentialsError", None), |error| {
            matches!(error, AskError::Refused { .. })
        }),
        (Mode::Error(403, "ForbiddenError", None), |error| {
            matches!(error, AskError::Refused { .. })
        }),
        (Mode::Error(429, "QuotaExceededError", None), |error| {
            *error == AskError::Quota { after: None }
        }),
        (
            Mode::Error(429, "TooManyRequestsError", Some(90)),
            |error| matches!(error, AskError::Quota { after: Some(after) } if after.as_secs() == 90),
        ),
        (
            Mode::Error(503, "TransientError", Some(7)),
            |error| matches!(error, AskError::Later { after: Some(after), .. } if after.as_secs() == 7),
        ),
        (Mode::Error(504, "DeadlineExceededError", None), |error| {
            matches!(error, AskError::Later { .. })
        }),
        (Mode::Error(302, "moved", None), |error| {
            error.to_string().contains("redirects")
        }),
        (Mode::Cut, |error| matches!(error, AskError::Later { .. })),
        (Mode::Endless, |error| error.to_string().contains("more than")),
        (Mode::Portal, |error| matches!(error, AskError::Later { .. })),
    ];
    for (mode, is_expected) in cases {
        double.set(mode.clone());
        let error = look(&double, &hash('a')).await.unwrap_err();
        assert!(is_expected(&error), "{mode:?}: {error:?}");
        assert!(!format!("{error:?}").contains(KEY), "{mode:?}: {error:?}");
    }
    double.set(Mode::Slow);
    let error = look(&double, &hash('a')).await.unwrap_err();
    assert!(error.to_string().contains("no answer in time"), "{error}");
    double.http.listen(false);
    let error = look(&double, &hash('a')).await.unwrap_err();
    assert!(matches!(error, AskError::Later { .. }), "{error:?}");
}

#[tokio::test]
async fn malwarebazaar_knows_malware_only_and_says_so_in_its_status() {
    let double = HttpDouble::start(|request| {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/api/v1/"));
        let form = String::from_utf8(request.body.clone()).unwrap();
        let hash = form.strip_prefix("query=get_info&hash=").unwrap();
        let status = |status: &str| json!({"query_status": status});
        let body = match hash.as_bytes()[0] {
            _ if request.headers.get("auth-key").map(String::as_str) != Some(KEY) => status("unknown_auth_key"),
            b'a' => json!({"query_status": "ok", "data": [{"sha256_hash": hash, "signature": "Mirai",
                "tags": ["elf", "Mirai"], "file_size": 12, "delivery_method": null}]}),
            b'b' => status("hash_not_found"),
            b'c' => status("illegal_hash"),
            _ => status("something_new"),
        };
        Reply::Answer(200, Vec::new(), body.to_string())
    });
    let service = Service::new(&of(ServiceKind::MalwareBazaar, &double.url())).unwrap();
    let bad = service.look(&hash('a'), NOW).await.unwrap();
    assert_eq!((bad.opinion, bad.positives), (Opinion::Malicious, None));
    assert_eq!(bad.names, ["Mirai", "elf"]);
    assert!(bad.link.unwrap().starts_with("https://bazaar.abuse.ch/sample/ab"));
    assert_eq!(service.look(&hash('b'), NOW).await.unwrap().opinion, Opinion::Unknown);
    let error = service.look(&hash('c'), NOW).await.unwrap_err();
    assert!(matches!(error, AskError::Never { .. }), "{error:?}");
    let error = service.look(&hash('d'), NOW).await.unwrap_err();
    assert!(matches!(error, AskError::Later { .. }), "{error:?}");
    let error = service.look(&"203.0.113.7".parse().unwrap(), NOW).await.unwrap_err();
    assert!(matches!(error, AskError::Never { .. }), "{error:?}");
    let mut other = of(ServiceKind::MalwareBazaar, &double.url());
    other.key = watchpost_kit::Secret::new("wrong");
    let error = Service::new(&other).unwrap().look(&hash('a'), NOW).await.unwrap_err();
    assert!(matches!(error, AskError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn metadefender_counts_its_engines() {
    let double = HttpDouble::start(|request| {
        assert_eq!(request.headers.get("apikey").map(String::as_str), Some(KEY));
        let hash = request.path.strip_prefix("/v4/hash/").unwrap();
        let results = |result: i64, detected: u32| {
            let body = json!({"scan_results": {"scan_all_result_i": result, "total_avs": 37,
                "total_detected_avs": detected, "progress_percentage": 100, "scan_details": {
                    "A": {"threat_found": "Adware.X", "scan_result_i": 1}, "B": {"threat_found": "", "scan_result_i": 0}}},
                "file_info": {"sha256": hash.to_uppercase(), "file_size": 3}});
            Reply::Answer(200, Vec::new(), body.to_string())
        };
        let error = |status: u16, code: u32, message: &str| {
            let body = json!({"success": false, "error": {"code": code, "messages": [message]}});
            Reply::Answer(status, Vec::new(), body.to_string())
        };
        match hash.as_bytes()[0] {
            b'a' => results(1, 15),
            b'b' => results(2, 0),
            b'0' => results(0, 0),
            b'c' => error(401, 401_006, "Invalid API key"),
            b'd' => error(429, 429_000, "Rate limit exceeded"),
            b'e' => error(404, 404_003, "The hash was not found"),
            _ => Reply::Answer(404, Vec::new(), "<html></html>".to_owned()),
        }
    });
    let service = Service::new(&of(ServiceKind::MetaDefender, &double.url())).unwrap();
    let bad = service.look(&hash('a'), NOW).await.unwrap();
    assert_eq!(
        (bad.opinion, bad.positives, bad.total),
        (Opinion::Malicious, Some(15), Some(37))
    );
    assert_eq!(bad.names, ["Adware.X"]);
    assert!(bad.link.unwrap().ends_with(hash('a').as_str()));
    for (first, opinion) in [
        ('b', Opinion::Suspicious),
        ('0', Opinion::Harmless),
        ('e', Opinion::Unknown),
    ] {
        assert_eq!(
            service.look(&hash(first), NOW).await.unwrap().opinion,
            opinion,
            "{first}"
        );
    }
    let error = service.look(&hash('c'), NOW).await.unwrap_err();
    assert_eq!(
        error,
        AskError::Refused {
            reason: "401: Invalid API key".to_owned()
        }
    );
    let error = service.look(&hash('d'), NOW).await.unwrap_err();
    assert_eq!(error, AskError::Quota { after: None });
    let error = service.look(&hash('f'), NOW).await.unwrap_err();
    assert!(matches!(error, AskError::Later { .. }), "{error:?}");
}
