//! The channels and routes in use: those of the configuration, and those that people made, which lie sealed in the catalog.
//! A change takes a new courier; what waits in the queue stays there meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use watchpost_alert::{AlertSections, Alerting, ButtonActions, Courier, MadeChannel, RouteSection};
use watchpost_catalog::{Catalog, Setting};
use watchpost_kit::{Clock, chain};
use watchpost_run::{Shutdown, pass_on_panic};
use watchpost_trust::Vault;

use super::SqlQueue;
use crate::ServerError;
use crate::metrics::Metrics;

/// Kinds of settings in the catalog.
pub(crate) const CHANNEL: &str = "channel";
pub(crate) const ROUTES: &str = "routes";
/// All routes are one setting.
pub(crate) const ALL_ROUTES: &str = "all";

/// A channel that people made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) channel: MadeChannel,
    pub(crate) version: i64,
    pub(crate) changed_by: String,
    pub(crate) changed_ns: i64,
    /// Why it is not in use.
    pub(crate) problem: Option<String>,
}

/// The routes that people made.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeRoutes {
    pub(crate) routes: Vec<RouteSection>,
    /// 0: there are none.
    pub(crate) version: i64,
}

/// What is in use at one moment.
pub(crate) struct InUse {
    pub(crate) alerting: Arc<Alerting>,
    pub(crate) courier: Courier,
    /// By name.
    pub(crate) made: BTreeMap<String, Made>,
    pub(crate) routes: MadeRoutes,
    /// Nobody wrote a route.
    pub(crate) default_routes: bool,
}

pub(crate) struct ChannelBoard {
    configured: AlertSections,
    address: String,
    catalog: Catalog,
    vault: Vault,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    current: watch::Sender<Arc<InUse>>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
}

/// What a board is made of.
pub(crate) struct BoardDeps {
    pub(crate) configured: AlertSections,
    /// Where the web interface is, for links.
    pub(crate) address: String,
    pub(crate) catalog: Catalog,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
}

impl ChannelBoard {
    /// With what the configuration and the catalog say now.
    pub(crate) async fn open(deps: BoardDeps) -> Result<Self, ServerError> {
        let alerting = Arc::new(Alerting::try_from(deps.configured.clone())?.at_address(&deps.address));
        let queue = Arc::new(SqlQueue::new(deps.catalog.messages().clone()));
        let first = InUse {
            courier: Courier::new(Vec::new(), queue, deps.clock.clone()),
            alerting,
            made: BTreeMap::new(),
            routes: MadeRoutes::default(),
            default_routes: true,
        };
        let board = Self {
            configured: deps.configured,
            address: deps.address,
            catalog: deps.catalog,
            vault: deps.vault,
            clock: deps.clock,
            metrics: deps.metrics,
            current: watch::Sender::new(Arc::new(first)),
            changing: tokio::sync::Mutex::new(()),
        };
        board.refresh().await?;
        Ok(board)
    }

    pub(crate) fn current(&self) -> Arc<InUse> {
        self.current.borrow().clone()
    }

    pub(crate) fn alerting(&self) -> Arc<Alerting> {
        self.current.borrow().alerting.clone()
    }

    /// Where the web interface is.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Whether the configuration has a channel of this name.
    pub(crate) fn is_configured(&self, name: &str) -> bool {
        self.configured.channel.iter().any(|channel| channel.name == name)
    }

    /// Held while something is changed, so that what was checked is what is used.
    pub(crate) async fn lock(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// What would be in use with these routes instead of those that people made.
    pub(crate) fn with_routes(&self, routes: Vec<RouteSection>) -> Result<Alerting, watchpost_alert::AlertError> {
        let mut sections = self.configured.clone();
        // Errors name a route by its place among those that people made.
        sections.route = routes;
        let made = self.current();
        let usable = made.made.values().filter(|made| made.problem.is_none());
        sections
            .channel
            .extend(usable.filter_map(|made| made.channel.section().ok()));
        Alerting::try_from(sections)
    }

    /// Looks again, after a change.
    pub(crate) async fn refresh(&self) -> Result<(), ServerError> {
        let rows = self.catalog.settings().list(CHANNEL).await?;
        let mut made: BTreeMap<String, Made> = BTreeMap::new();
        for row in rows {
            made.insert(row.name.clone(), self.read(&row));
        }
        let routes = self.routes().await?;
        let (sections, default_routes) = self.sections(&made, &routes);
        let alerting = match Alerting::try_from(sections) {
            Ok(alerting) => alerting,
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "What people made of channels and routes cannot be used"
                );
                Alerting::try_from(self.configured.clone())?
            }
        };
        let alerting = Arc::new(alerting.at_address(&self.address));
        let queue = Arc::new(SqlQueue::new(self.catalog.messages().clone()));
        let courier =
            Courier::new(alerting.connect()?, queue, self.clock.clone()).with_metrics(self.metrics.registry());
        self.current.send_replace(Arc::new(InUse {
            alerting,
            courier,
            made,
            routes,
            default_routes,
        }));
        Ok(())
    }

    fn read(&self, row: &Setting) -> Made {
        let read = || -> Result<MadeChannel, String> {
            let place = format!("{CHANNEL}/{}", row.name);
            let text = self.vault.unseal(&place, &row.body).map_err(|error| chain(&error))?;
            MadeChannel::from_stored(&text).map_err(|error| chain(&error))
        };
        let (channel, mut problem) = match read() {
            Ok(channel) => (channel, None),
            Err(reason) => (MadeChannel::default(), Some(reason)),
        };
        if problem.is_none() && self.is_configured(&row.name) {
            problem = Some("the configuration has a channel of this name, which is used instead".to_owned());
        }
        if problem.is_none() {
            problem = channel.check().err().map(|error| chain(&error));
        }
        if let Some(problem) = &problem {
            tracing::error!(channel = row.name, problem, "A channel cannot be used");
        }
        Made {
            channel,
            version: row.version,
            changed_by: row.changed_by.clone(),
            changed_ns: row.changed_ns,
            problem,
        }
    }

    async fn routes(&self) -> Result<MadeRoutes, ServerError> {
        let row = self.catalog.settings().list(ROUTES).await?.into_iter().next();
        Ok(row.map_or_else(MadeRoutes::default, |row| MadeRoutes {
            routes: serde_json::from_str(&row.body)
                .inspect_err(|error| tracing::error!(%error, "The routes that people made cannot be read"))
                .unwrap_or_default(),
            version: row.version,
        }))
    }

    /// All of it as a configuration, and whether nobody wrote a route.
    fn sections(&self, made: &BTreeMap<String, Made>, routes: &MadeRoutes) -> (AlertSections, bool) {
        let mut all = self.configured.clone();
        let usable = made.values().filter(|made| made.problem.is_none());
        all.channel
            .extend(usable.filter_map(|made| made.channel.section().ok()));
        let names: Vec<&str> = all.channel.iter().map(|channel| channel.name.as_str()).collect();
        let mut own = routes.routes.clone();
        for route in &mut own {
            // A channel that went out of the configuration takes no route with it.
            route.channels.retain(|name| names.contains(&name.as_str()));
            if let Some(escalate) = &mut route.escalate {
                escalate.channels.retain(|name| names.contains(&name.as_str()));
            }
            route.escalate.take_if(|escalate| escalate.channels.is_empty());
        }
        own.retain(|route| !route.channels.is_empty());
        all.route.extend(own);
        let default_routes = all.route.is_empty();
        (all, default_routes)
    }

    /// Brings messages to the channels and listens to their buttons until shutdown, with others after a change.
    pub(crate) async fn run(self: Arc<Self>, wake: Arc<Notify>, actions: Arc<dyn ButtonActions>, shutdown: Shutdown) {
        let mut changes = self.current.subscribe();
        while !shutdown.is_triggered() {
            let in_use = changes.borrow_and_update().clone();
            let stop = Shutdown::new();
            let mut work = JoinSet::new();
            work.spawn(in_use.courier.clone().run(wake.clone(), stop.clone()));
            match in_use.alerting.buttons() {
                Ok(buttons) => {
                    for one in buttons {
                        work.spawn(one.run(actions.clone(), stop.clone()));
                    }
                }
                Err(error) => tracing::error!(error = chain(&error), "Buttons below messages do not work"),
            }
            // Buttons may be none; the courier ends by a panic only.
            tokio::select! {
                _ = changes.changed() => {}
                () = shutdown.wait() => {}
                Some(ended) = work.join_next() => pass_on_panic(ended),
            }
            stop.trigger();
            while let Some(ended) = work.join_next().await {
                pass_on_panic(ended);
            }
        }
    }
}
