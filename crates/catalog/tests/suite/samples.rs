//! What the cases keep.

use watchpost_catalog::{By, Detection, NewEvents, NewMessage, SecurityEvent, Terms};

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const NOW: i64 = 1_790_000_000 * SECOND;
pub(crate) const READER: &str = "catalog";

pub(crate) fn event(n: u64) -> SecurityEvent {
    SecurityEvent {
        event_id: format!("web-1/00000000000000aa/process@{n}.0"),
        timestamp_ns: NOW + n as i64,
        received_ns: NOW,
        agent_id: "web-1".to_owned(),
        host_name: Some("web-1.example".to_owned()),
        kind: Some("event".to_owned()),
        category: Some("process".to_owned()),
        action: Some("process-started".to_owned()),
        outcome: Some("success".to_owned()),
        severity: Some(20),
        username: Some("anna".to_owned()),
        process_name: Some("nmap".to_owned()),
        process_command_line: Some("nmap -sS 10.0.0.0/24".to_owned()),
        source_ip: None,
        message: format!("anna started nmap ({n})"),
        fields: format!("{{\"message\":\"anna started nmap ({n})\",\"process\":{{\"pid\":{n}}}}}"),
    }
}

/// A minute's window.
pub(crate) fn detection(n: u64, fingerprint: &str, seconds: i64) -> Detection {
    Detection {
        event_id: format!("server/00000000000000bb/detect@{n}.0"),
        time: NOW + seconds * SECOND,
        fingerprint: fingerprint.to_owned(),
        window_ns: 60 * SECOND,
        rule_id: "scan".to_owned(),
        rule_title: "A port scan".to_owned(),
        level: 60,
        host_name: Some("web-1".to_owned()),
        username: Some("anna".to_owned()),
        message: format!("port scan {n}"),
        event_json: format!("{{\"n\":{n}}}"),
        more: 0,
        messages: Vec::new(),
    }
}

pub(crate) fn telling(mut detection: Detection, channel: &str, each: bool) -> Detection {
    detection.messages.push(NewMessage {
        channel: channel.to_owned(),
        body: detection.message.clone(),
        terms: vec![Terms {
            each,
            ..Terms::default()
        }],
        silenced: None,
    });
    detection
}

pub(crate) fn by(who: &str, now: i64) -> By<'_> {
    By { who, now }
}

pub(crate) fn of_events(position: u64, events: Vec<SecurityEvent>) -> NewEvents {
    NewEvents {
        reader: READER.to_owned(),
        position,
        now: NOW,
        events,
        ..NewEvents::default()
    }
}

pub(crate) fn of_detections(position: u64, detections: Vec<Detection>) -> NewEvents {
    NewEvents {
        detections,
        ..of_events(position, Vec::new())
    }
}
