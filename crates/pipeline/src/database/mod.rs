//! Database servers: the log lines of PostgreSQL and the error log of MySQL and MariaDB, as they stand in files and as they
//! come through syslog or the journal.
//!
//! The names of users and databases are chosen by whoever connects, and stand in the middle of a line without a quote that
//! could be relied on. Where a line can be read in two ways, what the readings disagree about is left out.

mod mysql;
mod postgres;

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use jiff::tz::TimeZone;
use watchpost_event::names;

use crate::facts::Facts;

/// A line of a file that begins with digits and a hyphen.
pub(crate) fn line<'a>(text: &'a str, zone: &TimeZone) -> Option<Facts<'a>> {
    match text.as_bytes().get(10)? {
        b' ' => postgres::line(text, zone).or_else(|| mysql::line(text, zone)),
        b'T' => mysql::line(text, zone),
        _ => None,
    }
}

/// What a database server writes into syslog or the journal.
pub(crate) fn message<'a>(program: &str, message: &'a str) -> Option<Facts<'a>> {
    match program.as_bytes() {
        b"postgres" | b"postgresql" => postgres::message(message),
        b"mysqld" | b"mariadbd" | b"mysql" | b"mariadb" => mysql::message(message),
        _ => None,
    }
}

/// An attempt to log in.
fn with_login(facts: Facts<'_>, success: bool) -> Facts<'_> {
    facts
        .words(names::EVENT_CATEGORY, &["authentication", "database"])
        .words(names::EVENT_TYPE, &["start"])
        .text(names::EVENT_ACTION, "database-login")
        .outcome(Some(success))
}

/// A user, and from where: an address, a name, or nothing.
fn with_peer<'a>(facts: Facts<'a>, user: &'a str, host: &'a str) -> Facts<'a> {
    let peer = if host.parse::<IpAddr>().is_ok() {
        "source.ip"
    } else {
        "source.domain"
    };
    facts.text("user.name", user).text(peer, host)
}

fn number(text: &str) -> Option<u64> {
    let digits = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
