//! Files on their way to services.

use std::sync::{Arc, Mutex};

use serde_json::json;
use watchpost_lookup::{AskError, Service, ServiceKind, Upload};

use crate::doubles::{HttpDouble, Reply};
use crate::virustotal::{Double, of};

fn upload(content: &[u8], size: u64) -> Upload {
    Upload {
        name: "доклад \"x\"\r\n.exe".to_owned(),
        size,
        content: Box::new(std::io::Cursor::new(content.to_vec())),
    }
}

#[tokio::test]
async fn virustotal_takes_a_file_as_a_form() {
    let double = Double::start();
    let service = Service::new(&double.settings()).unwrap();
    let content: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    let taken = service.upload(upload(&content, content.len() as u64)).await.unwrap();
    assert_eq!(
        (taken.service, taken.id.as_str()),
        (ServiceKind::VirusTotal, "NjY0MjRl")
    );
    let request = double.requests().remove(0);
    let kind = &request.headers["content-type"];
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let text = String::from_utf8_lossy(&request.body);
    assert!(text.starts_with(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
    )));
    assert!(text.ends_with(&format!("\r\n--{boundary}--\r\n")));
    assert!(
        request.body.windows(content.len()).any(|window| window == content),
        "the file is there as it is"
    );
    let head = text.split("\r\n\r\n").next().unwrap();
    assert_eq!(head.lines().count(), 3, "no name breaks out of its line: {head}");
}

#[tokio::test]
async fn large_files_go_where_the_service_says_and_nowhere_else() {
    let asked = Arc::new(Mutex::new(String::new()));
    let place = asked.clone();
    let double = HttpDouble::start(move |request| {
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("GET", "/api/v3/files/upload_url")
        );
        let body = json!({"data": *place.lock().unwrap()});
        Reply::Answer(200, Vec::new(), body.to_string())
    });
    let service = Service::new(&of(ServiceKind::VirusTotal, &double.url())).unwrap();
    for elsewhere in ["https://evil.example.org/_ah/upload", "ftp://127.0.0.1/x", "no address"] {
        elsewhere.clone_into(&mut asked.lock().unwrap());
        let error = service.upload(upload(b"x", 40 << 20)).await.unwrap_err();
        assert!(error.to_string().contains("not its own"), "{error}");
    }
    let error = service.upload(upload(b"x", 1 << 40)).await.unwrap_err();
    assert!(matches!(error, AskError::Never { .. }), "{error:?}");
}

#[tokio::test]
async fn metadefender_takes_a_file_as_it_is_and_a_shorter_one_is_no_upload() {
    let double = HttpDouble::start(|request| {
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v4/file"));
        assert_eq!(request.body, b"MZ...");
        assert!(request.headers["filename"].chars().all(|c| c.is_ascii_graphic()));
        Reply::Answer(
            200,
            Vec::new(),
            json!({"data_id": "bzI2", "status": "inqueue"}).to_string(),
        )
    });
    let service = Service::new(&of(ServiceKind::MetaDefender, &double.url())).unwrap();
    assert_eq!(service.upload(upload(b"MZ...", 5)).await.unwrap().id, "bzI2");
    assert_eq!(service.upload(upload(b"MZ...grown", 5)).await.unwrap().id, "bzI2");
    let error = service.upload(upload(b"MZ", 5)).await.unwrap_err();
    assert!(matches!(error, AskError::Later { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_gets_a_file_unless_the_configuration_says_so() {
    let double = Double::start();
    let mut settings = double.settings();
    settings.upload = false;
    let service = Service::new(&settings).unwrap();
    assert_eq!(service.upload_limit(), None);
    let error = service.upload(upload(b"secret", 6)).await.unwrap_err();
    assert!(error.to_string().contains("lookup.virustotal.upload"), "{error}");
    let service = Service::new(&of(ServiceKind::MalwareBazaar, &double.http.url())).unwrap();
    assert!(service.upload(upload(b"secret", 6)).await.is_err());
    assert!(double.requests().is_empty());
}
