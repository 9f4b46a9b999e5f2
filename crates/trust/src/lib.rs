//! Keys, the server's own certificate authority, and TLS configurations for both ends.
//!
//! Never in here: HTTP, sockets, the clock (`now` is seconds since 1970, an argument).
//! Start reading at [`Authority`] (what a server is) and [`Trust`] (what a client believes).
//!
//! One provider everywhere: rustls with ring, TLS 1.2 and newer. Servers keep no sessions and give no tickets, since a
//! resumed session passes over the check of the client's certificate and so over its revocation.
//!
//! ```
//! use watchpost_trust::{Authority, Trust, client_config};
//!
//! let dir = std::env::temp_dir().join(format!("trust-example-{}", std::process::id()));
//! let now = 1_790_000_000;
//! let authority = Authority::open(&dir, now)?;
//! let identity = authority.server_identity(&["localhost".to_owned()], now)?;
//! assert_eq!(identity.chain().len(), 2);
//! // What an agent pins, as it stands in its configuration: `ca_fingerprint = "sha256:…"`.
//! let pinned = authority.fingerprint().to_string();
//! client_config(&Trust::Fingerprint(pinned.parse()?))?;
//! # std::fs::remove_dir_all(&dir)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authority;
mod client;
mod error;
mod files;
mod fingerprint;
mod identity;
mod server;
mod vault;

pub use authority::Authority;
pub use client::{Trust, client_config};
pub use error::TrustError;
pub use fingerprint::Fingerprint;
pub use identity::Identity;
pub use server::ServerTls;
pub use vault::Vault;

use std::sync::Arc;

/// The one provider of cryptography.
fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
