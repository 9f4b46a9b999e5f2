//! The services, one file each.

mod malwarebazaar;
mod metadefender;
mod virustotal;

use watchpost_event::Timestamp;

use crate::config::{ServiceKind, ServiceSettings};
use crate::http::Remote;
use crate::upload::{Upload, Uploaded};
use crate::{AskError, Indicator, IndicatorKind, LookupError, Verdict};

/// One service. It keeps no count of what it is asked: [`crate::Desk`] does.
#[derive(Debug)]
pub struct Service {
    kind: ServiceKind,
    remote: Remote,
    upload: bool,
}

impl Service {
    /// Prepares a service; nothing is sent yet.
    pub fn new(settings: &ServiceSettings) -> Result<Self, LookupError> {
        Ok(Self {
            kind: settings.kind,
            remote: Remote::new(settings)?,
            upload: settings.upload,
        })
    }

    /// Which.
    pub const fn kind(&self) -> ServiceKind {
        self.kind
    }

    /// Whether it knows such things.
    pub const fn knows(&self, kind: IndicatorKind) -> bool {
        match self.kind {
            ServiceKind::VirusTotal => true,
            ServiceKind::MalwareBazaar | ServiceKind::MetaDefender => matches!(kind, IndicatorKind::Hash),
        }
    }

    /// Asks what is known of an indicator. Only the indicator itself is sent.
    pub async fn look(&self, indicator: &Indicator, now: Timestamp) -> Result<Verdict, AskError> {
        if !self.knows(indicator.kind()) {
            let reason = format!("{} knows nothing of {}s", self.kind.title(), indicator.kind().name());
            return Err(AskError::Never { reason });
        }
        match self.kind {
            ServiceKind::VirusTotal => virustotal::look(&self.remote, indicator, now).await,
            ServiceKind::MalwareBazaar => malwarebazaar::look(&self.remote, indicator, now).await,
            ServiceKind::MetaDefender => metadefender::look(&self.remote, indicator, now).await,
        }
    }

    /// Bytes of the largest file it takes; `None`: it takes none, or the configuration gives it none.
    pub fn upload_limit(&self) -> Option<u64> {
        self.upload.then_some(match self.kind {
            ServiceKind::VirusTotal => virustotal::UPLOAD_BYTES_MAX,
            ServiceKind::MetaDefender => metadefender::UPLOAD_BYTES_MAX,
            ServiceKind::MalwareBazaar => return None,
        })
    }

    /// Gives a file away. Refused unless the configuration says `upload = true` and the file is not too large.
    pub async fn upload(&self, upload: Upload) -> Result<Uploaded, AskError> {
        let limit = self.upload_limit().ok_or_else(|| AskError::Never {
            reason: format!(
                "{} gets no files: lookup.{}.upload is not true",
                self.kind.title(),
                self.kind.name()
            ),
        })?;
        if upload.size > limit {
            return Err(AskError::Never {
                reason: format!(
                    "{} takes files of at most {limit} bytes, this one has {}",
                    self.kind.title(),
                    upload.size
                ),
            });
        }
        let id = match self.kind {
            ServiceKind::MetaDefender => metadefender::upload(&self.remote, upload).await?,
            _ => virustotal::upload(&self.remote, upload).await?,
        };
        Ok(Uploaded { service: self.kind, id })
    }
}
