//! `[lookup]` as it is written, and [`LookupSettings`] once checked.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use watchpost_kit::{ByteSize, DurationText, Secret};

use crate::quota::Allowance;
use crate::{IndicatorKind, LookupError, Opinion};

/// How long a service may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
const LISTS_MAX: usize = 64;
const CACHE_MIN: Duration = Duration::from_secs(1);

/// `[lookup]`: who is asked what is known of files and addresses. Nothing is asked, and nothing leaves the server, unless a
/// key is set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LookupSection {
    /// How long a service's verdict holds before it is asked again.
    pub cache: DurationText,
    /// The same when the service knows nothing of the file: others may have reported it by then.
    pub cache_unknown: DurationText,
    /// On agents: files to be given away lie here, as globs of whole paths; empty: anywhere.
    pub upload_paths: Vec<String>,
    /// On agents: larger files are not given away.
    pub upload_max: ByteSize,
    /// `[lookup.virustotal]`
    pub virustotal: VirusTotalSection,
    /// `[lookup.malwarebazaar]`
    pub malwarebazaar: MalwareBazaarSection,
    /// `[lookup.metadefender]`
    pub metadefender: MetaDefenderSection,
    /// `[[lookup.list]]`
    pub list: Vec<ListSection>,
    /// `[lookup.geoip]`
    pub geoip: GeoSection,
}

impl Default for LookupSection {
    fn default() -> Self {
        Self {
            cache: DurationText::from_secs(7 * 86_400),
            cache_unknown: DurationText::from_secs(86_400),
            upload_paths: Vec::new(),
            upload_max: ByteSize(32_000_000),
            virustotal: VirusTotalSection::default(),
            malwarebazaar: MalwareBazaarSection::default(),
            metadefender: MetaDefenderSection::default(),
            list: Vec::new(),
            geoip: GeoSection::default(),
        }
    }
}

/// `[lookup.virustotal]`: the defaults are the free tier.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VirusTotalSection {
    /// The API key; empty: not asked.
    pub key: Secret,
    /// Whether files may be given to it. The agent's configuration must allow it too.
    pub upload: bool,
    /// Where it is.
    pub url: String,
    /// Requests a minute; 0: no limit.
    pub per_minute: u32,
    /// Requests a day (UTC); 0: no limit.
    pub per_day: u32,
    /// Requests a month (UTC); 0: no limit.
    pub per_month: u32,
}

impl Default for VirusTotalSection {
    fn default() -> Self {
        Self {
            key: Secret::default(),
            upload: false,
            url: "https://www.virustotal.com".to_owned(),
            per_minute: 4,
            per_day: 500,
            per_month: 15_500,
        }
    }
}

/// `[lookup.malwarebazaar]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MalwareBazaarSection {
    /// The Auth-Key of abuse.ch; empty: not asked.
    pub key: Secret,
    /// Where it is.
    pub url: String,
    /// Requests a minute; 0: no limit.
    pub per_minute: u32,
    /// Requests a day (UTC); 0: no limit.
    pub per_day: u32,
}

impl Default for MalwareBazaarSection {
    fn default() -> Self {
        Self {
            key: Secret::default(),
            url: "https://mb-api.abuse.ch".to_owned(),
            per_minute: 10,
            per_day: 2_000,
        }
    }
}

/// `[lookup.metadefender]`: MetaDefender Cloud; the defaults are below its free tier.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetaDefenderSection {
    /// The API key; empty: not asked.
    pub key: Secret,
    /// Whether files may be given to it. The agent's configuration must allow it too.
    pub upload: bool,
    /// Where it is.
    pub url: String,
    /// Requests a minute; 0: no limit.
    pub per_minute: u32,
    /// Requests a day (UTC); 0: no limit.
    pub per_day: u32,
}

impl Default for MetaDefenderSection {
    fn default() -> Self {
        Self {
            key: Secret::default(),
            upload: false,
            url: "https://api.metadefender.com".to_owned(),
            per_minute: 10,
            per_day: 400,
        }
    }
}

/// `[[lookup.list]]`: a text file of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSection {
    /// What it is called in events.
    pub name: String,
    /// What stands in it: `hash`, `ip` or `domain`.
    pub kind: IndicatorKind,
    /// The file; read again when it changes.
    pub path: PathBuf,
    /// What it means to stand there: `malicious` or `suspicious`.
    #[serde(default = "malicious")]
    pub verdict: Opinion,
}

const fn malicious() -> Opinion {
    Opinion::Malicious
}

/// `[lookup.geoip]`: files in the MaxMind DB format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeoSection {
    /// Countries or cities, such as GeoLite2-City.mmdb; empty: none.
    pub path: PathBuf,
    /// Networks' owners, such as GeoLite2-ASN.mmdb; empty: none.
    pub asn: PathBuf,
}

/// A service that is asked over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceKind {
    /// virustotal.com, API v3.
    VirusTotal,
    /// bazaar.abuse.ch.
    MalwareBazaar,
    /// metadefender.opswat.com, API v4.
    MetaDefender,
}

impl ServiceKind {
    /// As it stands in the configuration and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VirusTotal => "virustotal",
            Self::MalwareBazaar => "malwarebazaar",
            Self::MetaDefender => "metadefender",
        }
    }

    /// As people write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::VirusTotal => "VirusTotal",
            Self::MalwareBazaar => "MalwareBazaar",
            Self::MetaDefender => "MetaDefender",
        }
    }

    /// By its name.
    pub fn read(name: &str) -> Option<Self> {
        [Self::VirusTotal, Self::MalwareBazaar, Self::MetaDefender]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A service to ask.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// Which.
    pub kind: ServiceKind,
    /// Its key.
    pub key: Secret,
    /// Whether files may be given to it.
    pub upload: bool,
    /// Where it is.
    pub url: Url,
    /// How often it may be asked.
    pub allowance: Allowance,
    /// How long it may take to answer; a field so that tests can be impatient.
    pub timeout: Duration,
}

/// Look-ups, checked.
#[derive(Clone, Debug)]
pub struct LookupSettings {
    /// How long a verdict holds.
    pub cache: Duration,
    /// How long it holds that nothing is known.
    pub cache_unknown: Duration,
    /// Services with a key.
    pub services: Vec<ServiceSettings>,
    /// Lists.
    pub lists: Vec<ListSection>,
    /// Geography.
    pub geoip: GeoSection,
}

impl Default for LookupSettings {
    fn default() -> Self {
        let section = LookupSection::default();
        Self {
            cache: section.cache.into(),
            cache_unknown: section.cache_unknown.into(),
            services: Vec::new(),
            lists: Vec::new(),
            geoip: section.geoip,
        }
    }
}

impl LookupSettings {
    /// Whether events gain anything by it.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty() && !self.has_local()
    }

    /// Whether there are lists or geography.
    pub fn has_local(&self) -> bool {
        !self.lists.is_empty() || self.geoip != GeoSection::default()
    }
}

impl TryFrom<LookupSection> for LookupSettings {
    type Error = LookupError;

    fn try_from(section: LookupSection) -> Result<Self, LookupError> {
        let LookupSection {
            virustotal: vt,
            malwarebazaar: mb,
            metadefender: md,
            ..
        } = section;
        let limits = |per_minute, per_day, per_month| Allowance {
            per_minute,
            per_day,
            per_month,
        };
        let services = [
            service(
                ServiceKind::VirusTotal,
                vt.key,
                vt.upload,
                &vt.url,
                limits(vt.per_minute, vt.per_day, vt.per_month),
            ),
            service(
                ServiceKind::MalwareBazaar,
                mb.key,
                false,
                &mb.url,
                limits(mb.per_minute, mb.per_day, 0),
            ),
            service(
                ServiceKind::MetaDefender,
                md.key,
                md.upload,
                &md.url,
                limits(md.per_minute, md.per_day, 0),
            ),
        ];
        let services = services.into_iter().collect::<Result<Vec<_>, _>>()?;
        check_lists(&section.list)?;
        Ok(Self {
            cache: time("lookup.cache", section.cache)?,
            cache_unknown: time("lookup.cache_unknown", section.cache_unknown)?,
            services: services.into_iter().flatten().collect(),
            lists: section.list,
            geoip: section.geoip,
        })
    }
}

fn time(key: &str, time: DurationText) -> Result<Duration, LookupError> {
    let time = Duration::from(time);
    if time < CACHE_MIN {
        return Err(LookupError::config(
            key,
            "at least 1s: what is known must hold for a while",
        ));
    }
    Ok(time)
}

fn service(
    kind: ServiceKind,
    key: Secret,
    upload: bool,
    url: &str,
    allowance: Allowance,
) -> Result<Option<ServiceSettings>, LookupError> {
    let name = |key: &str| format!("lookup.{}.{key}", kind.name());
    let url = service_url(url).map_err(|reason| LookupError::config(name("url"), reason))?;
    if key.is_empty() {
        if upload {
            return Err(LookupError::config(name("upload"), "needs a `key` beside it"));
        }
        return Ok(None);
    }
    let is_header = key.expose().chars().all(|c| c.is_ascii_graphic());
    if !is_header {
        return Err(LookupError::config(
            name("key"),
            "holds white space, or characters that no key has: copy it again",
        ));
    }
    Ok(Some(ServiceSettings {
        kind,
        key,
        upload,
        url,
        allowance,
        timeout: ANSWER_TIMEOUT,
    }))
}

/// A key is not sent in the clear to other hosts.
fn service_url(text: &str) -> Result<Url, String> {
    let bad = || format!("{text:?} is not an address such as https://www.example.org");
    let mut url = Url::parse(text).map_err(|_| bad())?;
    let host = url.host_str().ok_or_else(bad)?;
    let is_loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        "http" => return Err(format!("{text:?} would send the key unencrypted: use https://")),
        _ => return Err(bad()),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(bad());
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

fn check_lists(lists: &[ListSection]) -> Result<(), LookupError> {
    if lists.len() > LISTS_MAX {
        let reason = format!(
            "{} lists, at most {LISTS_MAX}: put those of one kind into one file",
            lists.len()
        );
        return Err(LookupError::config("lookup.list", reason));
    }
    let mut names = HashSet::new();
    for list in lists {
        let name = list.name.as_str();
        let bad = |reason: &str| Err(LookupError::config("lookup.list", format!("list {name:?} {reason}")));
        if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
            return bad("needs a name of at most 64 characters");
        }
        if ServiceKind::read(name).is_some() {
            return bad("has the name of a service: choose another");
        }
        if !names.insert(name) {
            return bad("is there twice: choose another name");
        }
        if !list.verdict.is_bad() {
            return bad("can have verdict = \"malicious\" or \"suspicious\"");
        }
        if list.path.as_os_str().is_empty() {
            return bad("has no path");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn settings(change: impl FnOnce(&mut LookupSection)) -> Result<LookupSettings, String> {
        let mut section = LookupSection::default();
        change(&mut section);
        LookupSettings::try_from(section).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_key_nobody_is_asked() {
        assert!(settings(|_| ()).unwrap().is_empty());
        let one = settings(|section| section.virustotal.key = Secret::new("k")).unwrap();
        assert_eq!(one.services.len(), 1);
        assert_eq!(one.services[0].url.as_str(), "https://www.virustotal.com/");
        assert_eq!(one.services[0].allowance.per_day, 500);
    }

    #[test]
    fn what_cannot_be_used_is_said_with_its_key() {
        let error = settings(|section| section.virustotal.url = "http://192.0.2.1".to_owned()).unwrap_err();
        assert!(
            error.contains("lookup.virustotal.url") && error.contains("unencrypted"),
            "{error}"
        );
        let error = settings(|section| section.metadefender.upload = true).unwrap_err();
        assert!(error.contains("lookup.metadefender.upload"), "{error}");
        let error = settings(|section| section.virustotal.key = Secret::new("a b")).unwrap_err();
        assert!(
            error.contains("lookup.virustotal.key") && !error.contains("a b"),
            "{error}"
        );
        settings(|section| {
            section.virustotal.key = Secret::new("k");
            section.virustotal.url = "http://127.0.0.1:8080/vt".to_owned();
        })
        .unwrap();
        let list = ListSection {
            name: "own".to_owned(),
            kind: IndicatorKind::Ip,
            path: "/x".into(),
            verdict: Opinion::Harmless,
        };
        let error = settings(|section| section.list.push(list.clone())).unwrap_err();
        assert!(error.contains("malicious"), "{error}");
        let twice = ListSection {
            verdict: Opinion::Suspicious,
            ..list
        };
        let error = settings(|section| section.list = vec![twice.clone(), twice]).unwrap_err();
        assert!(error.contains("twice"), "{error}");
    }
}
