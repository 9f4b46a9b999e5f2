//! Which sources an agent has: the one list.

use serde_json::Value;
use watchpost_event::{AgentId, StreamKey};
use watchpost_kit::Rng;

use super::file::{FileSettings, FileSource};
use super::{Identity, SendPolicy, Source};
use crate::AgentSettings;

/// What is collected and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) identity: Identity,
    pub(crate) policy: SendPolicy,
    pub(crate) files: Vec<FileSettings>,
}

impl Plan {
    pub(crate) fn new(settings: &AgentSettings, agent: AgentId) -> Self {
        Self {
            identity: Identity {
                agent,
                fields: settings.fields.clone(),
            },
            policy: settings.policy.clone(),
            files: settings.files.clone(),
        }
    }

    /// Makes the sources; they go on from `known` checkpoints.
    pub(crate) fn sources(&self, known: &[(StreamKey, Value)]) -> Vec<Box<dyn Source>> {
        let file = |settings: &FileSettings| -> Box<dyn Source> {
            let mut rng = Rng::from_os();
            let draw = move || rng.next_u64();
            let (identity, policy) = (self.identity.clone(), self.policy.clone());
            Box::new(FileSource::new(
                settings.clone(),
                identity,
                policy,
                known.to_vec(),
                draw,
            ))
        };
        self.files.iter().map(file).collect()
    }
}
