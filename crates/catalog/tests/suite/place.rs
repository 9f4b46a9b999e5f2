//! Where a case keeps its catalog.

use std::sync::Arc;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;
use watchpost_catalog::{Catalog, Place};

/// An empty database of its own.
#[derive(Clone)]
pub(crate) struct TestPlace {
    place: Place,
    /// Of SQLite.
    folder: Option<Arc<TempDir>>,
}

impl TestPlace {
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        Self {
            place: Place::Sqlite(folder.path().join("catalog.db")),
            folder: Some(Arc::new(folder)),
        }
    }

    pub(crate) fn postgres(url: String) -> Self {
        Self {
            place: Place::Postgres { url, pool_max: 8 },
            folder: None,
        }
    }

    /// Where SQLite keeps it.
    pub(crate) fn folder(&self) -> Option<&TempDir> {
        self.folder.as_deref()
    }

    pub(crate) async fn open(&self) -> Catalog {
        self.try_open().await.unwrap()
    }

    pub(crate) async fn try_open(&self) -> Result<Catalog, watchpost_catalog::CatalogError> {
        Catalog::open(&self.place).await
    }

    /// A connection beside the catalog's, as another tool has it.
    pub(crate) async fn raw(&self) -> Raw {
        let url = match &self.place {
            Place::Sqlite(path) => format!("sqlite://{}?mode=rwc", path.display()),
            Place::Postgres { url, .. } => url.clone(),
        };
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false);
        Raw(Database::connect(options).await.unwrap())
    }
}

/// A connection for SQL by hand.
pub(crate) struct Raw(DatabaseConnection);

impl Raw {
    pub(crate) fn is_postgres(&self) -> bool {
        self.0.get_database_backend() == DbBackend::Postgres
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.unwrap();
    }

    /// The first column of all rows.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let rows = self.0.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// The first column of the first row.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }

    pub(crate) async fn close(self) {
        self.0.close().await.unwrap();
    }
}
