//! What leads to people: the courier, the silences, what lets held messages go, and who listens to chats.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;
use watchpost_catalog::Catalog;
use watchpost_trust::Vault;

use super::{Deps, Rooms};
use crate::ServerError;
use crate::alerting::{BoardDeps, ChannelBoard, ChatActions, Releaser, SilenceBoard};
use crate::api::{App, delivery_report};
use crate::config::ServerSettings;
use crate::reports::{Gatherer, Scheduler};

/// Makes the reports of the configuration.
pub(super) fn scheduler(settings: &ServerSettings, app: &Arc<App>, people: &People) -> Scheduler {
    let source = app.clone();
    Scheduler {
        plans: settings.reports.clone(),
        gatherer: Gatherer {
            store: app.store.clone(),
            catalog: app.catalog.clone(),
            memory: app.search_memory,
        },
        delivery: Box::new(move |host| {
            let app = source.clone();
            Box::pin(async move {
                let report = delivery_report(&app, host).await;
                report.map_err(|failure| ServerError::Report {
                    reason: failure.into_body().error.message,
                })
            })
        }),
        channels: people.channels.clone(),
        clock: app.clock.clone(),
        messages: people.messages.clone(),
    }
}

pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct People {
    catalog: Catalog,
    pub(super) channels: Arc<ChannelBoard>,
    pub(super) silences: Arc<SilenceBoard>,
    /// Rung when a message waits.
    pub(super) messages: Arc<Notify>,
    /// Rung when a message may have been held.
    pub(super) held: Arc<Notify>,
}

impl People {
    pub(super) async fn open(settings: &ServerSettings, deps: &Deps, rooms: &Rooms) -> Result<Self, ServerError> {
        let catalog = rooms.catalog.clone();
        let channels = ChannelBoard::open(BoardDeps {
            configured: settings.alert_sections.clone(),
            address: settings.public_url.clone(),
            catalog: catalog.clone(),
            vault: Vault::open(&settings.data_dir.join("trust/secrets.key"))?,
            clock: deps.clock.clone(),
            metrics: rooms.metrics.clone(),
        });
        Ok(Self {
            silences: Arc::new(SilenceBoard::open(catalog.clone(), deps.clock.clone()).await?),
            channels: Arc::new(channels.await?),
            messages: Arc::new(Notify::new()),
            held: Arc::new(Notify::new()),
            catalog,
        })
    }

    /// What runs until shutdown.
    pub(super) fn work(&self, deps: &Deps) -> Vec<Work> {
        let shutdown = || deps.shutdown.clone();
        let releaser = Releaser {
            queue: self.catalog.messages().clone(),
            alerts: self.catalog.alerts().clone(),
            silences: self.silences.clone(),
            channels: self.channels.clone(),
            clock: deps.clock.clone(),
            held: self.held.clone(),
            messages: self.messages.clone(),
        };
        let actions = Arc::new(ChatActions {
            catalog: self.catalog.clone(),
            silences: self.silences.clone(),
            clock: deps.clock.clone(),
        });
        vec![
            Box::pin(self.channels.clone().run(self.messages.clone(), actions, shutdown())),
            Box::pin(self.silences.clone().run(shutdown())),
            Box::pin(releaser.run(shutdown())),
        ]
    }
}
