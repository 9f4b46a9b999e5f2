//! The silences in force, as the reader asks for them: kept in memory, since every detection is held against them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use watchpost_alert::Silence;
use watchpost_catalog::{Catalog, CatalogError};
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, chain};
use watchpost_run::Shutdown;

/// Another server on the same database may have made one.
const EVERY: Duration = Duration::from_secs(10);

pub(crate) struct SilenceBoard {
    catalog: Catalog,
    clock: Arc<dyn Clock>,
    current: RwLock<Arc<[Silence]>>,
}

impl SilenceBoard {
    /// With what is in force now.
    pub(crate) async fn open(catalog: Catalog, clock: Arc<dyn Clock>) -> Result<Self, CatalogError> {
        let board = Self {
            catalog,
            clock,
            current: RwLock::new(Arc::new([])),
        };
        board.refresh().await?;
        Ok(board)
    }

    /// Those that are in force or will be.
    pub(crate) fn current(&self) -> Arc<[Silence]> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks again, after a change.
    pub(crate) async fn refresh(&self) -> Result<(), CatalogError> {
        let rows = self.catalog.silences().current(self.clock.now()).await?;
        let read = |row: &watchpost_catalog::Silence| {
            let name = format!("silence {}", row.id);
            let time = (Timestamp(row.from_ns), Timestamp(row.until_ns));
            Silence::read(&name, &row.query, &row.hours, time, &row.reason)
                .inspect_err(|error| tracing::warn!(error = chain(error), "A silence cannot be used"))
                .ok()
        };
        let silences: Arc<[Silence]> = rows.iter().filter_map(read).collect();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = silences;
        Ok(())
    }

    /// Looks now and then, until shutdown.
    pub(crate) async fn run(self: Arc<Self>, shutdown: Shutdown) {
        let mut failing = false;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            match self.refresh().await {
                Ok(()) => failing = false,
                Err(error) if !failing => {
                    failing = true;
                    tracing::warn!(
                        error = chain(&error),
                        "Cannot look for silences; those known stay in force"
                    );
                }
                Err(_) => {}
            }
        }
    }
}
