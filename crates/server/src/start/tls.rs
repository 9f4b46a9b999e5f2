use std::path::PathBuf;
use std::sync::Arc;

use watchpost_trust::{Authority, Fingerprint, Identity, ServerTls};

use crate::ServerError;
use crate::config::{ServerSettings, TlsSettings};
use crate::host::host_name;

/// The server's certificate: from its own authority, or as configured.
pub(super) struct Tls {
    server: ServerTls,
    authority: Option<Authority>,
}

impl Tls {
    pub(super) fn open(settings: &ServerSettings, now: u64) -> Result<Self, ServerError> {
        match &settings.tls {
            TlsSettings::Own => {
                let authority = Authority::open(&Self::dir(settings), now)?;
                let identity = authority.server_identity(&names(settings), now)?;
                Ok(Self {
                    server: ServerTls::new(&identity)?,
                    authority: Some(authority),
                })
            }
            TlsSettings::Given { cert, key } => {
                let identity = Identity::from_pem(cert.as_str(), key.expose(), "tls.cert and tls.key")?;
                if identity.not_after() <= now {
                    tracing::error!("The configured certificate (tls.cert) has expired: clients will refuse it");
                }
                Ok(Self {
                    server: ServerTls::new(&identity)?,
                    authority: None,
                })
            }
        }
    }

    fn dir(settings: &ServerSettings) -> PathBuf {
        settings.data_dir.join("trust")
    }

    pub(super) fn config(&self) -> Arc<rustls::ServerConfig> {
        self.server.config()
    }

    /// What agents pin, when the authority is our own.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        self.authority.as_ref().map(Authority::fingerprint)
    }

    /// Shows a new certificate when the old one nears its end.
    pub(super) fn renew(&self, settings: &ServerSettings, now: u64) -> Result<(), ServerError> {
        if let Some(authority) = &self.authority {
            let identity = authority.server_identity(&names(settings), now)?;
            self.server.replace(&identity)?;
        }
        Ok(())
    }
}

/// Everything this server may be called.
fn names(settings: &ServerSettings) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    names.extend(host_name());
    names.extend(settings.public_host.clone());
    let addresses = settings.listen.iter().map(|listen| listen.address.ip());
    names.extend(addresses.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()));
    names.sort();
    names.dedup();
    names
}
