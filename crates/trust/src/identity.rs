use std::net::IpAddr;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use crate::{TrustError, provider};

/// A certificate chain and its private key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    names: Vec<String>,
    not_before: u64,
    not_after: u64,
    what: String,
}

impl Identity {
    /// Reads a chain (the end's own certificate first) and a key. `what` names them in errors, such as `tls.cert`.
    pub fn from_pem(chain: &str, key: &str, what: &str) -> Result<Self, TrustError> {
        let unusable = |reason: String| TrustError::Unusable {
            what: what.to_owned(),
            reason,
        };
        let chain = CertificateDer::pem_slice_iter(chain.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let end = chain
            .first()
            .ok_or_else(|| unusable("there is no certificate in it".to_owned()))?;
        let (_, certificate) = parse_x509_certificate(end).map_err(|error| unusable(error.to_string()))?;
        let validity = certificate.validity();
        let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
        let (not_before, not_after) = (seconds(validity.not_before), seconds(validity.not_after));
        let mut names: Vec<String> = certificate
            .subject_alternative_name()
            .map_err(|error| unusable(error.to_string()))?
            .map(|names| names.value.general_names.iter().filter_map(name_text).collect())
            .unwrap_or_default();
        names.sort();
        Ok(Self {
            names,
            not_before,
            not_after,
            key,
            what: what.to_owned(),
            chain,
        })
    }

    /// The chain, the end's own certificate first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The host names and addresses it is for, sorted, in lower case.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Valid from, in seconds since 1970.
    pub fn not_before(&self) -> u64 {
        self.not_before
    }

    /// Valid until, in seconds since 1970.
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// Whether key and certificate belong together.
    pub fn is_consistent(&self) -> bool {
        self.certified().is_ok()
    }

    pub(crate) fn certified(&self) -> Result<Arc<CertifiedKey>, TrustError> {
        CertifiedKey::from_der(self.chain.clone(), self.key.clone_key(), &provider())
            .map(Arc::new)
            .map_err(|source| TrustError::Tls {
                what: self.what.clone(),
                source,
            })
    }
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_lowercase()),
        GeneralName::IPAddress(bytes) => {
            let address = match bytes.len() {
                4 => IpAddr::from(<[u8; 4]>::try_from(*bytes).ok()?),
                _ => IpAddr::from(<[u8; 16]>::try_from(*bytes).ok()?),
            };
            Some(address.to_string())
        }
        _ => None,
    }
}
