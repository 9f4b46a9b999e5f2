//! What leads to people: the courier, the silences, what lets held messages go, and who listens to chats.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;
use watchpost_alert::{Alerting, Courier};
use watchpost_catalog::Catalog;

use super::{Deps, Rooms};
use crate::ServerError;
use crate::alerting::{ChatActions, Releaser, SilenceBoard, SqlQueue};
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
        alerting: people.alerting.clone(),
        clock: app.clock.clone(),
        messages: people.messages.clone(),
    }
}

pub(super) type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct People {
    catalog: Catalog,
    pub(super) alerting: Arc<Alerting>,
    pub(super) silences: Arc<SilenceBoard>,
    pub(super) courier: Courier,
    /// Rung when a message waits.
    pub(super) messages: Arc<Notify>,
    /// Rung when a message may have been held.
    pub(super) held: Arc<Notify>,
}

impl People {
    pub(super) async fn open(settings: &ServerSettings, deps: &Deps, rooms: &Rooms) -> Result<Self, ServerError> {
        let catalog = rooms.catalog.clone();
        let queue = Arc::new(SqlQueue::new(catalog.messages().clone()));
        let courier = Courier::new(settings.alerting.connect()?, queue, deps.clock.clone());
        Ok(Self {
            silences: Arc::new(SilenceBoard::open(catalog.clone(), deps.clock.clone()).await?),
            alerting: settings.alerting.clone(),
            courier: courier.with_metrics(rooms.metrics.registry()),
            messages: Arc::new(Notify::new()),
            held: Arc::new(Notify::new()),
            catalog,
        })
    }

    /// What runs until shutdown.
    pub(super) fn work(&self, deps: &Deps) -> Result<Vec<Work>, ServerError> {
        let shutdown = || deps.shutdown.clone();
        let releaser = Releaser {
            queue: self.catalog.messages().clone(),
            alerts: self.catalog.alerts().clone(),
            silences: self.silences.clone(),
            alerting: self.alerting.clone(),
            clock: deps.clock.clone(),
            held: self.held.clone(),
            messages: self.messages.clone(),
        };
        let mut work: Vec<Work> = vec![
            Box::pin(self.courier.clone().run(self.messages.clone(), shutdown())),
            Box::pin(self.silences.clone().run(shutdown())),
            Box::pin(releaser.run(shutdown())),
        ];
        for buttons in self.alerting.buttons()? {
            let actions = Arc::new(ChatActions {
                catalog: self.catalog.clone(),
                silences: self.silences.clone(),
                clock: deps.clock.clone(),
            });
            work.push(Box::pin(buttons.run(actions, shutdown())));
        }
        Ok(work)
    }
}
