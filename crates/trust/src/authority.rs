use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::{Fingerprint, Identity, TrustError, files};

const DAY_SECONDS: u64 = 86_400;
const CA_DAYS: u64 = 3_650;
/// The longest life that every TLS client accepts.
const SERVER_DAYS: u64 = 397;
const RENEW_BEFORE_DAYS: u64 = 30;
/// Certificates are valid from before they were made, for clients whose clock is behind.
const BACKDATE_DAYS: u64 = 2;

/// A server's own certificate authority: an ECDSA P-256 key made at first start.
///
/// Kept in one folder: `ca.pem`, `ca.key`, and the server's own `server.pem` and `server.key`, all 0600.
pub struct Authority {
    dir: PathBuf,
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Opens the authority in a folder, or makes one. `now` in seconds since 1970.
    pub fn open(dir: &Path, now: u64) -> Result<Self, TrustError> {
        files::make_dir(dir)?;
        let (certificate_path, key_path) = (dir.join("ca.pem"), dir.join("ca.key"));
        // The key is written first: without its certificate nobody can have come to trust it.
        let (pem, key) = match (files::read(&certificate_path)?, files::read(&key_path)?) {
            (Some(pem), Some(key)) => (pem, key),
            (Some(_), None) => return Err(TrustError::KeyMissing { path: key_path }),
            (None, _) => {
                let (pem, key) = make(now)?;
                files::write_private(&key_path, &key)?;
                files::write_private(&certificate_path, &pem)?;
                (pem, key)
            }
        };
        let unusable = |path: &Path, reason: String| TrustError::Unusable {
            what: path.display().to_string(),
            reason,
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| unusable(&certificate_path, error.to_string()))?;
        let key = KeyPair::from_pem(&key).map_err(|error| unusable(&key_path, error.to_string()))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|error| unusable(&certificate_path, error.to_string()))?;
        Ok(Self {
            dir: dir.to_path_buf(),
            certificate,
            pem,
            issuer,
        })
    }

    /// What agents pin.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// The authority's certificate, for agents that are given the whole of it.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The server's certificate: the one in the folder, or a new one when there is none, when it is of another
    /// authority, near its end, or for other names. Names are host names and addresses. The authority's own
    /// certificate is part of the chain, so that agents find in it what they pinned.
    pub fn server_identity(&self, names: &[String], now: u64) -> Result<Identity, TrustError> {
        let (chain_path, key_path) = (self.dir.join("server.pem"), self.dir.join("server.key"));
        if let (Some(chain), Some(key)) = (files::read(&chain_path)?, files::read(&key_path)?)
            && let Ok(identity) = Identity::from_pem(&chain, &key, &chain_path.display().to_string())
            && self.still_good(&identity, names, now)
        {
            return Ok(identity);
        }
        let (chain, key) = self.issue(names, now)?;
        // A crash between the two leaves a pair that does not fit, which is made anew at the next start.
        files::write_private(&key_path, &key)?;
        files::write_private(&chain_path, &chain)?;
        Identity::from_pem(&chain, &key, &chain_path.display().to_string())
    }

    fn still_good(&self, identity: &Identity, names: &[String], now: u64) -> bool {
        let issued_here = identity.chain().get(1) == Some(&self.certificate);
        let lasts = identity.not_after() > now + RENEW_BEFORE_DAYS * DAY_SECONDS;
        let begun = identity.not_before() <= now;
        let mut wanted: Vec<_> = names.iter().map(|name| name.to_lowercase()).collect();
        wanted.sort();
        wanted.dedup();
        issued_here && lasts && begun && identity.names() == wanted && identity.is_consistent()
    }

    fn issue(&self, names: &[String], now: u64) -> Result<(String, String), TrustError> {
        let failed = |source| TrustError::Make {
            what: "the server's certificate",
            source,
        };
        for name in names {
            CertificateParams::new(vec![name.clone()]).map_err(|source| TrustError::BadName {
                name: name.clone(),
                source,
            })?;
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        let mut params = CertificateParams::new(names).map_err(failed)?;
        set_life(&mut params, now, SERVER_DAYS);
        params.distinguished_name.push(DnType::CommonName, "Watchpost server");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok((format!("{}{}", certificate.pem(), self.pem), key.serialize_pem()))
    }
}

fn make(now: u64) -> Result<(String, String), TrustError> {
    let failed = |source| TrustError::Make {
        what: "the certificate authority",
        source,
    };
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut params = CertificateParams::default();
    set_life(&mut params, now, CA_DAYS);
    // Authorities of one name would be taken for one another by clients that know several.
    let id = &Fingerprint::of(key.public_key_raw()).to_string()[7..15];
    let name = format!("Watchpost certificate authority {id}");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn set_life(params: &mut CertificateParams, now: u64, days: u64) {
    let day = |seconds| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = day(now.saturating_sub(BACKDATE_DAYS * DAY_SECONDS));
    params.not_after = day(now + days * DAY_SECONDS);
}
