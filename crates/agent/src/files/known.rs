//! What lists and services know of files, asked from here: for whoever looks at files without a server.

use std::path::Path;
use std::sync::Arc;

use watchpost_event::Timestamp;
use watchpost_kit::{Clock, chain};
use watchpost_lookup::{Desk, Indicator, LookupError, LookupSection, LookupSettings, Places, Unanswered, Verdict};
use watchpost_run::disk::Disk;

use crate::AgentError;
use crate::asked::not_usable;

/// Lists of one's own and the services with a key, each asked as often as it may be.
pub struct Lookups {
    places: Places,
    services: Vec<Asked>,
    clock: Arc<dyn Clock>,
}

struct Asked {
    desk: Arc<Desk>,
    /// Why it is not asked any more.
    silent: Option<String>,
    left_out: u64,
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The worst that anyone says; `None`: nobody was asked, or has answered.
    pub verdict: Option<Verdict>,
    /// A service should have been asked and was not.
    pub waits: bool,
}

impl Lookups {
    /// Prepares what is configured; `None` when that is nothing. What was used of quotas lies in `dir`.
    pub fn open(
        section: &LookupSection,
        disk: &Arc<dyn Disk>,
        dir: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, AgentError> {
        let settings = LookupSettings::try_from(section.clone()).map_err(not_usable)?;
        if settings.lists.is_empty() && settings.services.is_empty() {
            return Ok(None);
        }
        let open = |service| {
            Ok(Asked {
                desk: Arc::new(Desk::open(service, disk.clone(), dir, clock.clone())?),
                silent: None,
                left_out: 0,
            })
        };
        let services: Result<Vec<_>, LookupError> = settings.services.iter().map(open).collect();
        Ok(Some(Self {
            places: Places::open(&settings),
            services: services.map_err(|source| AgentError::Lookup { source })?,
            clock: clock.clone(),
        }))
    }

    /// Asks about a file by its SHA-256. A service that does not answer is not asked again.
    pub async fn look(&mut self, sha256: &str) -> Known {
        let mut known = Known {
            verdict: None,
            waits: false,
        };
        let Some(indicator) = Indicator::hash(sha256) else {
            return known;
        };
        let now = Timestamp(self.clock.now());
        let mut verdicts = self.places.current().look(&indicator, now);
        // What one's own list says is enough: requests are few.
        let is_listed = verdicts.iter().any(|verdict| verdict.opinion.is_bad());
        for service in self.services.iter_mut().filter(|_| !is_listed) {
            if service.silent.is_none() {
                match service.desk.ask(&indicator).await {
                    Ok(verdict) => {
                        verdicts.push(verdict);
                        continue;
                    }
                    Err(unanswered) => service.silent = Some(words(&unanswered)),
                }
            }
            service.left_out += 1;
            known.waits = true;
        }
        known.verdict = verdicts.into_iter().max_by_key(|verdict| verdict.opinion);
        known
    }

    /// Lists that could not be read and services that were not asked about everything, for people.
    pub fn troubles(&self) -> Vec<String> {
        let lists = self.places.infos().into_iter().filter_map(|list| {
            let error = list.error?;
            Some(format!(
                "the list {} in {} cannot be read: {error}",
                list.name,
                list.path.display()
            ))
        });
        let services = self.services.iter().filter_map(|service| {
            let reason = service.silent.as_ref()?;
            let title = service.desk.service().kind().title();
            Some(format!(
                "{title} was not asked about {} files: {reason}",
                service.left_out
            ))
        });
        lists.chain(services).collect()
    }
}

/// Why a service has not answered, and what to do.
pub(crate) fn words(unanswered: &Unanswered) -> String {
    match unanswered {
        Unanswered::Wait(time) => format!(
            "it is not asked now (its quota is used up, it refused the key, or it failed again and again); ask again in {} s",
            time.as_secs().max(1)
        ),
        Unanswered::Failed(error) => chain(error),
        Unanswered::NotCounted(reason) => format!("what is used of its quota cannot be written down: {reason}"),
    }
}
