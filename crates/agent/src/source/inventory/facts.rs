//! What numbers and texts of Windows mean.

/// `20240131` as `2024-01-31T00:00:00Z`; empty where it is no date.
pub(super) fn install_date(text: &str) -> String {
    let is_date = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_date {
        return String::new();
    }
    let date = format!("{}-{}-{}T00:00:00Z", &text[..4], &text[4..6], &text[6..]);
    match date.parse::<watchpost_event::Timestamp>() {
        Ok(_) => date,
        Err(_) => String::new(),
    }
}

/// A service's type (winnt.h, `SERVICE_…`): `None` for what is none, and for the copies that Windows makes for each logon,
/// under a new name each time.
pub(super) fn service_type(number: u32) -> Option<&'static str> {
    const USER_COPY: u32 = 0x80;
    if number & USER_COPY != 0 {
        return None;
    }
    Some(match number & 0x7f {
        0x01 => "kernel-driver",
        0x02 => "file-system-driver",
        0x04 => "adapter",
        0x08 => "recognizer-driver",
        0x10 => "own-process",
        0x20 => "share-process",
        0x50 => "user-own-process",
        0x60 => "user-share-process",
        _ => return None,
    })
}

/// When a service starts (winnt.h, `SERVICE_…_START`).
pub(super) fn service_start(number: u32, is_delayed: bool) -> &'static str {
    match number {
        0 => "boot",
        1 => "system",
        2 if is_delayed => "auto-delayed",
        2 => "auto",
        3 => "demand",
        4 => "disabled",
        _ => "",
    }
}

/// Whether an UDP port is one that clients are given for a moment (Windows' dynamic range by default).
pub(super) fn is_passing(transport: &str, port: u16) -> bool {
    transport == "udp" && port >= 49_152
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_dates() {
        assert_eq!(install_date("20240131"), "2024-01-31T00:00:00Z");
        for text in ["", "20241331", "1.2.2024", "2024013", "２０２４"] {
            assert_eq!(install_date(text), "", "{text}");
        }
    }

    #[test]
    fn services_of_one_logon_are_left_out() {
        assert_eq!(service_type(0x110), Some("own-process"), "which may show windows");
        assert_eq!(service_type(0x10), Some("own-process"));
        assert_eq!(service_type(0x50), Some("user-own-process"));
        assert_eq!(service_type(0xd0), None);
        assert_eq!(service_type(0), None);
    }

    #[test]
    fn clients_ports_are_told_apart() {
        assert!(is_passing("udp", 50_000));
        assert!(!is_passing("udp", 5_353));
        assert!(!is_passing("tcp", 50_000));
    }
}
