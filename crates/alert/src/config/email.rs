//! E-mail channels.

use lettre::message::Mailbox;
use reqwest::Url;
use watchpost_kit::Secret;

use super::{ChannelSection, address};
use crate::AlertError;

const SUBMISSION_PORT: u16 = 587;
const SUBMISSIONS_PORT: u16 = 465;
const SMTP_PORT: u16 = 25;
const RECIPIENTS_MAX: usize = 100;

/// A mail server, and between whom messages go.
#[derive(Clone, Debug)]
pub(crate) struct EmailSettings {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<(String, Secret)>,
    /// Certificates to trust instead of the system's (PEM); empty: the system's.
    pub(crate) ca: String,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
}

/// How the connection is encrypted (RFC 8314).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// From its beginning.
    Tls,
    /// By STARTTLS, or nothing is sent.
    StartTls,
    /// Not at all: within this machine, or as the operator wants it.
    None,
}

/// Checks what only such a channel has.
pub(super) fn read(key: &str, section: &ChannelSection) -> Result<EmailSettings, AlertError> {
    let (url, security) = server(key, section)?;
    let default_port = match security {
        Security::Tls => SUBMISSIONS_PORT,
        Security::StartTls => SUBMISSION_PORT,
        Security::None => SMTP_PORT,
    };
    let host = url.host_str().unwrap_or_default();
    Ok(EmailSettings {
        host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
        port: url.port().unwrap_or(default_port),
        security,
        login: login(key, section)?,
        ca: section.ca.as_str().to_owned(),
        from: mailbox(&format!("{key}.from"), &section.from)?,
        to: recipients(key, section)?,
    })
}

fn server(key: &str, section: &ChannelSection) -> Result<(Url, Security), AlertError> {
    let key = format!("{key}.server");
    let bad = |reason: &str| AlertError::config(&key, reason);
    if section.server.is_empty() {
        return Err(bad("is missing: the mail server, such as smtps://mail.example.org"));
    }
    let url = Url::parse(&section.server)
        .map_err(|error| bad(&format!("is not an address such as smtps://mail.example.org: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad(
            "holds a user name or a password: set `user` and `password` instead",
        ));
    }
    if url.host_str().is_none_or(str::is_empty) || !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(bad(
            "is not a server's address, such as smtps://mail.example.org or smtp://mail.example.org:587",
        ));
    }
    let security = match url.scheme() {
        "smtps" => Security::Tls,
        "smtp" if section.insecure || (address::is_loopback(&url) && section.ca.as_str().is_empty()) => Security::None,
        "smtp" => Security::StartTls,
        _ => return Err(bad("begins with neither smtps:// nor smtp:// (which uses STARTTLS)")),
    };
    Ok((url, security))
}

fn login(key: &str, section: &ChannelSection) -> Result<Option<(String, Secret)>, AlertError> {
    match (section.user.is_empty(), section.password.is_empty()) {
        (true, true) => Ok(None),
        (false, false) => Ok(Some((section.user.clone(), section.password.clone()))),
        (true, false) => Err(AlertError::config(
            format!("{key}.user"),
            "is missing, and `password` is set",
        )),
        (false, true) => Err(AlertError::config(
            format!("{key}.password"),
            "is missing, and `user` is set",
        )),
    }
}

fn recipients(key: &str, section: &ChannelSection) -> Result<Vec<Mailbox>, AlertError> {
    let key = format!("{key}.to");
    if section.to.is_empty() {
        return Err(AlertError::config(
            key,
            "is missing: who gets it, such as [\"ops@example.org\"]",
        ));
    }
    if section.to.len() > RECIPIENTS_MAX {
        return Err(AlertError::config(
            key,
            "has more than 100 addresses: use one of a mailing list",
        ));
    }
    section.to.iter().map(|text| mailbox(&key, text)).collect()
}

fn mailbox(key: &str, text: &str) -> Result<Mailbox, AlertError> {
    if text.is_empty() {
        return Err(AlertError::config(
            key,
            "is missing: an address, such as watchpost@example.org",
        ));
    }
    let shown: String = text.chars().take(80).collect();
    let mailbox: Mailbox = text.parse().map_err(|error| {
        let reason = format!("{shown:?} is not an address such as watchpost@example.org: {error}");
        AlertError::config(key, reason)
    })?;
    let address: &str = mailbox.email.as_ref();
    if !address.is_ascii() {
        let reason = format!("{shown:?} has letters that not every mail server takes: write the domain as xn--…");
        return Err(AlertError::config(key, reason));
    }
    Ok(mailbox)
}
