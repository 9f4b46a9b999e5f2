use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::{Identity, TrustError, provider};

/// The server's side of TLS: a configuration whose certificate can be exchanged while it is in use.
pub struct ServerTls {
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

impl ServerTls {
    /// TLS 1.2 and newer, HTTP/2 and HTTP/1.1 by ALPN, no sessions and no tickets.
    pub fn new(identity: &Identity) -> Result<Self, TrustError> {
        let current = Arc::new(Current(RwLock::new(identity.certified()?)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|source| TrustError::Tls {
                what: "TLS 1.2 and 1.3".to_owned(),
                source,
            })?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            current,
            config: Arc::new(config),
        })
    }

    /// The configuration to accept connections with.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Shows another certificate to all connections from now on.
    pub fn replace(&self, identity: &Identity) -> Result<(), TrustError> {
        let certified = identity.certified()?;
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
        Ok(())
    }
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
