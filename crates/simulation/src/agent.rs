use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use watchpost_agent::delivery::{Answer, Delivery, DeliveryError, Encryption, Order, Request, SpoolOptions};
use watchpost_event::protocol::{Outcome, StreamsResponse};
use watchpost_event::{AgentId, Timestamp};
use watchpost_run::disk::MemDisk;

use crate::{Rng, Source};

/// An agent process: it is gone after a crash, its disk and the outside world's sources are not.
pub struct AgentNode {
    /// The real thing.
    pub delivery: Delivery,
    /// Whether the server's cursors were asked for since the start.
    pub greeted: bool,
    /// The request under way.
    pub under_way: Option<(u64, Request)>,
    id: AgentId,
    kind: SpoolKind,
    /// Records of counters that are in the spool but not yet synced.
    unsynced: Vec<String>,
}

/// What kind of spool the agent has.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SpoolKind {
    /// Too small for what comes while the server is away.
    pub(crate) small: bool,
    pub(crate) encrypted: bool,
}

fn options(kind: SpoolKind) -> SpoolOptions {
    SpoolOptions {
        max_bytes: if kind.small { 12 * 1024 } else { 256 * 1024 },
        segment_bytes: 4 * 1024,
        keep_free: watchpost_kit::Amount::Percent(0.0),
        body_bytes: 4 * 1024,
        encryption: Some(Encryption {
            key_file: "/identity/spool.key".into(),
            enabled: kind.encrypted,
        }),
        ..SpoolOptions::default()
    }
}

impl AgentNode {
    /// Starts on what the disk holds.
    pub(crate) fn start(
        disk: &MemDisk,
        id: &AgentId,
        kind: SpoolKind,
        sources: &mut [Source],
    ) -> Result<Self, DeliveryError> {
        let (delivery, _) = Delivery::open(Arc::new(disk.clone()), Path::new("/spool"), id.clone(), options(kind))?;
        let node = Self {
            delivery,
            greeted: false,
            under_way: None,
            id: id.clone(),
            kind,
            unsynced: Vec::new(),
        };
        node.resume_sources(sources);
        Ok(node)
    }

    fn resume_sources(&self, sources: &mut [Source]) {
        let checkpoints = self.delivery.checkpoints();
        for source in sources {
            let known = checkpoints.iter().find(|(key, _)| key.stream == source.stream);
            source.resume(known.map(|(key, notes)| (key.epoch, notes)));
        }
    }

    /// The sources read and the spool takes, perhaps without a sync.
    pub(crate) fn collect(
        &mut self,
        source: &mut Source,
        limit: usize,
        rng: &mut Rng,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        // An agent without any memory asks the server first: files it knows already are not begun anew.
        if source.is_file && source.epoch.is_none() && !self.greeted {
            return Ok(());
        }
        let Some((produced, records)) = source.read(&self.id, limit, rng) else {
            return Ok(());
        };
        // Counters cannot wait, but where everything has room nothing of theirs may go either.
        let taken = if self.kind.small && !source.is_file {
            self.delivery.take_live(&produced, now)
        } else {
            self.delivery.take(&produced, now)
        };
        match taken {
            Ok(()) => {
                source.taken(produced.to, &records);
                if !source.is_file {
                    self.unsynced.extend(records.into_iter().map(|record| record.text));
                }
                Ok(())
            }
            Err(DeliveryError::Full { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Syncs; what counters had put in must arrive from now on.
    pub(crate) fn sync(&mut self, promised: &mut BTreeSet<String>) -> Result<(), DeliveryError> {
        self.delivery.sync()?;
        promised.extend(self.unsynced.drain(..));
        Ok(())
    }

    /// The next request, which is synced before it leaves.
    pub(crate) fn send(&mut self, id: u64, promised: &mut BTreeSet<String>) -> Result<Option<Vec<u8>>, DeliveryError> {
        if self.under_way.is_some() || !self.greeted {
            return Ok(None);
        }
        let Some(request) = self.delivery.next_request()? else {
            return Ok(None);
        };
        promised.extend(self.unsynced.drain(..));
        let body = request.body.clone();
        self.under_way = Some((id, request));
        Ok(Some(body))
    }

    /// An answer came, or none did.
    pub(crate) fn answered(
        &mut self,
        id: u64,
        answer: Answer,
        sources: &mut [Source],
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let Some((_, request)) = self.under_way.take_if(|(waiting, _)| *waiting == id) else {
            return Ok(());
        };
        if let Answer::Judged(response) = &answer {
            for said in &response.cursors {
                assert_ne!(
                    said.outcome,
                    Outcome::Invalid,
                    "the agent made a batch the server cannot read"
                );
            }
        }
        self.delivery.answered(&request, answer, now)?;
        self.obey(sources, now)
    }

    /// The server's cursors, once after the start.
    pub(crate) fn greet(
        &mut self,
        streams: &StreamsResponse,
        sources: &mut [Source],
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        self.delivery.learn_streams(streams, now)?;
        for source in sources
            .iter_mut()
            .filter(|source| source.is_file && source.epoch.is_none())
        {
            let head = source
                .truth
                .first()
                .map(|record| watchpost_event::Fingerprint::of(record.text.as_bytes()));
            let known = streams
                .streams
                .iter()
                .find(|report| report.stream == source.stream && report.head == head);
            if let Some(report) = known {
                source.epoch = Some(report.epoch);
                source.position = report.cursor;
            }
        }
        self.greeted = true;
        self.obey(sources, now)
    }

    fn obey(&mut self, sources: &mut [Source], now: Timestamp) -> Result<(), DeliveryError> {
        for order in self.delivery.orders() {
            match order {
                Order::Rewind { key, to } => {
                    let source = sources
                        .iter_mut()
                        .find(|source| source.key(&self.id).as_ref() == Some(&key));
                    let Some(source) = source else {
                        self.delivery.declare_gone(&key, None, now)?;
                        continue;
                    };
                    if source.rewind(to) {
                        continue;
                    }
                    let resumes_at = source.is_file.then_some(source.gone_before);
                    self.delivery.declare_gone(&key, resumes_at, now)?;
                    if let Some(resumes_at) = resumes_at {
                        source.position = source.position.min(resumes_at).max(to);
                    }
                }
                Order::ChangeEpoch { key, epoch } => {
                    for source in sources
                        .iter_mut()
                        .filter(|source| source.key(&self.id).as_ref() == Some(&key))
                    {
                        source.epoch = Some(epoch);
                    }
                }
            }
        }
        Ok(())
    }

    /// After a failed write or sync: back to what the disk holds.
    pub(crate) fn recover(&mut self, sources: &mut [Source]) -> Result<(), DeliveryError> {
        self.under_way = None;
        self.unsynced.clear();
        self.delivery.recover()?;
        self.greeted = false;
        self.resume_sources(sources);
        Ok(())
    }
}
