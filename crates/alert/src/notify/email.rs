//! E-mail by SMTP (RFC 5321): the text, and the same as a small page.
//!
//! Every recipient gets a transaction of its own: an address that a server refuses costs nobody else the message, and after
//! a failure only the rest is sent again. Only what is said of an address or of the message itself gives either up:
//! everything before (the connection, the login, whether this sender may send) an operator can mend, and messages wait.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use minijinja::Environment;
use minijinja::value::{Serde, Value};
use serde_json::json;
use watchpost_event::Fingerprint;

use super::http::{Secrets, install_crypto};
use super::partial::Partial;
use super::{BoxFuture, Notifier, Outgoing};
use crate::config::{ChannelSettings, EmailSettings, Security};
use crate::payload::Note;
use crate::template::Markup;
use crate::{AlertError, NotifyError};

const PAGE: &str = include_str!("email.html");
/// Longest subject, in characters.
const SUBJECT_CHARS_MAX: usize = 160;
/// Connecting takes several exchanges, each of which may take the channel's time-out.
const EXCHANGES: u32 = 4;
/// Until a server has looked at a message: whoever gives up earlier sends it again (RFC 5321 §4.5.3.2.6).
const ACCEPTANCE: Duration = Duration::from_mins(10);
/// The message is there; whatever becomes of the goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// Replies that speak of the login (RFC 4954), not of the message.
const LOGIN_REPLIES: [u16; 4] = [530, 534, 535, 538];

/// Recipients at one mail server.
pub(crate) struct Email {
    server: (String, u16),
    security: Security,
    tls: TlsParameters,
    login: Option<Credentials>,
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
        let tls = tls(email).map_err(|source| AlertError::Mail {
            key: settings.key.clone(),
            source,
        })?;
        let mut pages = Environment::new();
        pages.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        pages
            .add_template("page", PAGE)
            .map_err(|source| AlertError::Template {
                key: settings.key.clone(),
                source,
            })?;
        let login = email.login.as_ref();
        Ok(Self {
            server: (email.host.clone(), email.port),
            security: email.security,
            tls,
            login: login.map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned())),
            pages,
            channel: settings.name.clone(),
            from: email.from.clone(),
            to: email.to.clone(),
            timeout: settings.timeout,
            secrets: Secrets::new(login.map(|(_, password)| password.clone()).into_iter().collect()),
            partial: Partial::default(),
        })
    }

    async fn send_all(&self, outgoing: &Outgoing<'_>) -> Result<(), NotifyError> {
        let body = outgoing.body;
        let note = Note::read(outgoing, Markup::Plain);
        let message = self
            .message(&note)
            .map_err(|error| self.secrets.never(&format!("cannot be written as e-mail: {error}")))?
            .formatted();
        let mut refused = self.partial.refusals_of(body);
        let mut connection = self.open().await?;
        for (n, to) in self.to.iter().enumerate().skip(self.partial.sent_of(body)) {
            match self.deliver(&mut connection, to, &message).await {
                Err(NotifyError::Never { reason }) => {
                    tracing::warn!(channel = self.channel, to = %to.email, reason, "An address does not take a message");
                    refused.push(format!("{}: {reason}", to.email));
                    self.partial.refused(body, n, self.to.len(), &refused);
                    if n + 1 < self.to.len() {
                        self.step(connection.command(Rset)).await?;
                    }
                }
                outcome => {
                    self.partial.note(body, n, self.to.len(), &outcome);
                    outcome?;
                }
            }
        }
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
        if refused.len() == self.to.len() {
            return Err(self.secrets.never(&refused.join("; ")));
        }
        Ok(())
    }

    /// A connection that takes messages.
    async fn open(&self) -> Result<AsyncSmtpConnection, NotifyError> {
        let opening = async {
            let hello = ClientId::default();
            let wrapper = (self.security == Security::Tls).then(|| self.tls.clone());
            let (host, port) = &self.server;
            let at = (host.as_str(), *port);
            let mut connection =
                AsyncSmtpConnection::connect_tokio1(at, Some(self.timeout), &hello, wrapper, None).await?;
            if self.security == Security::StartTls {
                connection.starttls(self.tls.clone(), &hello).await?;
            }
            if let Some(login) = &self.login {
                connection.auth(DEFAULT_MECHANISMS, login).await?;
            }
            Ok(connection)
        };
        match tokio::time::timeout(self.timeout * EXCHANGES, opening).await {
            Ok(opened) => opened.map_err(|error| self.later(&error)),
            Err(_) => Err(self.secrets.later(None, "no answer in time")),
        }
    }

    /// One transaction.
    async fn deliver(
        &self,
        connection: &mut AsyncSmtpConnection,
        to: &Mailbox,
        message: &[u8],
    ) -> Result<(), NotifyError> {
        let sender = Mail::new(Some(self.from.email.clone()), Vec::new());
        self.step(connection.command(sender)).await?;
        let recipient = Rcpt::new(to.email.clone(), Vec::new());
        self.judged(self.timeout, connection.command(recipient)).await?;
        self.step(connection.command(Data)).await?;
        self.judged(ACCEPTANCE, connection.message(message)).await
    }

    /// A step that says nothing of the message.
    async fn step<T>(&self, step: impl Future<Output = Result<T, Error>>) -> Result<(), NotifyError> {
        match tokio::time::timeout(self.timeout, step).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.later(&error)),
            Err(_) => Err(self.secrets.later(None, "no answer in time")),
        }
    }

    /// A step that speaks of the address or the message.
    async fn judged<T>(
        &self,
        timeout: Duration,
        step: impl Future<Output = Result<T, Error>>,
    ) -> Result<(), NotifyError> {
        match tokio::time::timeout(timeout, step).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() && !speaks_of_login(&error) => {
                Err(self.secrets.never(&watchpost_kit::chain(&error)))
            }
            Ok(Err(error)) => Err(self.later(&error)),
            Err(_) => Err(self.secrets.later(None, "no answer in time")),
        }
    }

    fn later(&self, error: &Error) -> NotifyError {
        let said = watchpost_kit::chain(error);
        let what = if speaks_of_login(error) {
            "the mail server does not accept the login, check `user` and `password`"
        } else if error.is_transient() {
            "the mail server asks to come again"
        } else {
            "the mail server cannot be used"
        };
        self.secrets.later(None, &format!("{what}: {said}"))
    }

    /// The same for every attempt: whoever gets it twice can tell by its Message-ID.
    fn message(&self, note: &Note) -> Result<Message, Box<dyn std::error::Error>> {
        let domain = self.from.email.domain();
        let mut lines = note.text.lines().filter(|line| !line.trim().is_empty());
        let title = lines.next().unwrap_or("Watchpost");
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject(title))
            .message_id(Some(format!("<{:016x}@{domain}>", self.hash(&note.id))))
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
            let story = format!("<story-{:016x}@{domain}>", self.hash(&note.story));
            message = message.in_reply_to(story.clone()).references(story);
        }
        let page = self.page(note, title, &lines.collect::<Vec<_>>())?;
        let told = MultiPart::alternative_plain_html(note.text.clone(), page);
        if note.attachments.is_empty() {
            return Ok(message.multipart(told)?);
        }
        let mut whole = MultiPart::mixed().multipart(told);
        for file in &note.attachments {
            let kind = ContentType::parse(file.kind())?;
            whole =
                whole.singlepart(lettre::message::Attachment::new(file.name().to_owned()).body(file.content(), kind));
        }
        Ok(message.multipart(whole)?)
    }

    /// Of an id, as this channel brings it: what another one brings of the same detection is another message.
    fn hash(&self, id: &str) -> u64 {
        Fingerprint::of(format!("{}\n{id}", self.channel).as_bytes()).hash
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
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.send_all(message))
    }
}

/// Also of relaying, which is refused where nobody logged in (RFC 3463, X.7.Y).
fn speaks_of_login(error: &Error) -> bool {
    let is_policy = || watchpost_kit::chain(error).contains("5.7.");
    error
        .status()
        .is_some_and(|code| LOGIN_REPLIES.contains(&u16::from(code)) || (u16::from(code) == 554 && is_policy()))
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
