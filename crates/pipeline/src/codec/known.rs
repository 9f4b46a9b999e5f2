//! Lines of files that are told apart by their first bytes: most lines are something else, and are not read for it.

use jiff::tz::TimeZone;

use crate::facts::Facts;
use crate::{audit, database, web};

/// What a line says that is neither an object nor syslog.
pub(super) fn read<'a>(text: &'a str, zone: &TimeZone) -> Option<Facts<'a>> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'0'..=b'9' => match bytes.get(4)? {
            b'-' => database::line(text, zone),
            b'/' => web::nginx_error(text, zone),
            _ => web::sure_access(text),
        },
        b'[' => web::apache_error(text, zone),
        b'n' | b't' if text.starts_with("type=") || text.starts_with("node=") => audit::line(text),
        // The month of a line of syslog.
        b'A'..=b'Z' if bytes.get(3) == Some(&b' ') => None,
        b'a'..=b'z' | b'A'..=b'Z' | b':' => web::sure_access(text),
        _ => None,
    }
}
