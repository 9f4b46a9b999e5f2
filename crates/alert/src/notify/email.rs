//! E-mail by SMTP (RFC 5321): the text, and the same as a small page.
//!
//! Every recipient gets a transaction of its own: an address that a server refuses costs nobody else the message, and after
//! a failure only the rest is sent again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport, Message, Tokio1Executor};
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde_json::json;

use super::http::{Secrets, install_crypto};
use super::partial::Partial;
use super::{BoxFuture, Notifier};
use crate::config::{ChannelSettings, EmailSettings, Security};
use crate::payload::Note;
use crate::{AlertError, NotifyError};

const PAGE: &str = include_str!("email.html");
/// Longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 160;
/// A message takes several exchanges, each of which may take the channel's time-out.
const EXCHANGES: u32 = 3;
/// Replies that speak of the login (RFC 4954), not of the message.
const LOGIN_REPLIES: [u16; 4] = [530, 534, 535, 538];

/// Recipients at one mail server.
pub(crate) struct Email {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    pages: Environment<'static>,
    /// Told apart from other channels that bring the same detection.
    channel: String,
    from: Mailbox,
    to: Vec<Mailbox>,
    timeout: Duration,
    secrets: Secrets,
    partial: Partial,
}

impl Email {
    pub(crate) fn new(settings: &ChannelSettings, email: &EmailSettings) -> Result<Self, AlertError> {
        install_crypto();
        let failed = |source: Error| AlertError::Mail {
            key: settings.key.clone(),
            source,
        };
        let tls = match email.security {
            Security::None => Tls::None,
            Security::StartTls => Tls::Required(tls(email).map_err(failed)?),
            Security::Tls => Tls::Wrapper(tls(email).map_err(failed)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&email.host)
            .port(email.port)
            .tls(tls)
            .timeout(Some(settings.timeout));
        let mut secrets = Vec::new();
        if let Some((user, password)) = &email.login {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
            secrets.push(password.clone());
        }
        let mut pages = Environment::new();
        pages.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        pages
            .add_template("page", PAGE)
            .map_err(|source| AlertError::Template {
                key: settings.key.clone(),
                source,
            })?;
        Ok(Self {
            transport: transport.build(),
            pages,
            channel: settings.name.clone(),
            from: email.from.clone(),
            to: email.to.clone(),
            timeout: settings.timeout * EXCHANGES,
            secrets: Secrets::new(secrets),
            partial: Partial::default(),
        })
    }

    async fn send_all(&self, body: &str) -> Result<(), NotifyError> {
        let note = Note::read(body);
        let message = self
            .message(&note)
            .map_err(|error| self.secrets.never(&format!("cannot be written as e-mail: {error}")))?
            .formatted();
        let mut refused = Vec::new();
        for (n, to) in self.to.iter().enumerate().skip(self.partial.sent_of(body)) {
            let outcome = match self.send_to(to, &message).await {
                Err(NotifyError::Never { reason }) => {
                    tracing::warn!(channel = self.channel, to = %to.email, reason, "An address does not take a message");
                    refused.push(format!("{}: {reason}", to.email));
                    Ok(())
                }
                other => other,
            };
            self.partial.note(body, n, self.to.len(), &outcome);
            outcome?;
        }
        if refused.len() == self.to.len() {
            return Err(self.secrets.never(&refused.join("; ")));
        }
        Ok(())
    }

    async fn send_to(&self, to: &Mailbox, message: &[u8]) -> Result<(), NotifyError> {
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![to.email.clone()])
            .map_err(|error| self.secrets.never(&error.to_string()))?;
        let sent = tokio::time::timeout(self.timeout, self.transport.send_raw(&envelope, message)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.judge(&error)),
            Err(_) => Err(self.secrets.later(None, "no answer in time")),
        }
    }

    fn judge(&self, error: &Error) -> NotifyError {
        let said = watchpost_kit::chain(error);
        let code = error.status().map(u16::from);
        if code.is_some_and(|code| LOGIN_REPLIES.contains(&code)) {
            let reason = format!("the mail server does not accept the login, check `user` and `password`: {said}");
            return self.secrets.later(None, &reason);
        }
        if error.is_permanent() {
            return self.secrets.never(&said);
        }
        if error.is_response() || error.is_transient() || error.is_timeout() {
            return self.secrets.later(None, &said);
        }
        self.secrets
            .later(None, &format!("the mail server cannot be reached: {said}"))
    }

    /// The same for every attempt: whoever gets it twice can tell by its Message-ID.
    fn message(&self, note: &Note) -> Result<Message, Box<dyn std::error::Error>> {
        let domain = self.from.email.domain();
        let mut lines = note.text.lines().filter(|line| !line.trim().is_empty());
        let title = lines.next().unwrap_or("Watchpost");
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject(title))
            .message_id(Some(format!("<{:016x}@{domain}>", hash(&(&self.channel, &note.id)))))
            .raw_header(raw("Auto-Submitted", "auto-generated")?)
            .raw_header(raw("X-Auto-Response-Suppress", "All")?);
        for to in &self.to {
            message = message.to(to.clone());
        }
        if let Ok(time) = note.time.parse::<jiff::Timestamp>() {
            message = message.date(SystemTime::from(time));
        }
        // Messages of one alert are one conversation.
        if !note.story.is_empty() {
            let story = format!("<story-{:016x}@{domain}>", hash(&(&self.channel, &note.story)));
            message = message.in_reply_to(story.clone()).references(story);
        }
        let page = self.page(note, title, &lines.collect::<Vec<_>>())?;
        Ok(message.multipart(MultiPart::alternative_plain_html(note.text.clone(), page))?)
    }

    fn page(&self, note: &Note, title: &str, lines: &[&str]) -> Result<String, minijinja::Error> {
        let facts = [("level", &note.level), ("host", &note.host), ("time", &note.time)];
        let facts: Vec<_> = facts.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let colour = match note.level.as_str() {
            "critical" => "#b3123a",
            "high" => "#d9480f",
            "medium" => "#d99a0f",
            _ => "#4d7a9e",
        };
        let words = json!({"title": title, "lines": lines, "facts": facts, "colour": colour});
        self.pages.get_template("page")?.render(Value::from(Serde(words)))
    }
}

impl Notifier for Email {
    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.send_all(body))
    }
}

fn tls(email: &EmailSettings) -> Result<TlsParameters, Error> {
    let mut tls = TlsParameters::builder(email.host.clone());
    if !email.ca.is_empty() {
        tls = tls
            .certificate_store(CertificateStore::None)
            .add_root_certificate(Certificate::from_pem(email.ca.as_bytes())?);
    }
    tls.build_rustls()
}

fn subject(title: &str) -> String {
    let mut subject: String = title.chars().take(SUBJECT_CHARS_MAX).collect();
    if subject.len() < title.len() {
        subject.push('…');
    }
    subject
}

fn raw(name: &'static str, value: &str) -> Result<HeaderValue, Box<dyn std::error::Error>> {
    Ok(HeaderValue::new(
        HeaderName::new_from_ascii(name.to_owned())?,
        value.to_owned(),
    ))
}

/// The same for as long as the process lives, and after.
fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
