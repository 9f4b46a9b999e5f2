use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;

use crate::db::{Db, within};
use crate::migrations::Migrations;
use crate::{
    Alerts, ApiKeys, Audit, CatalogError, Events, Lookups, Messages, NewAudit, Reports, Rules, Sessions, Settings,
    Silences, Users, private,
};

/// Each SQLite connection costs a thread and a page cache; one writes while the other reads.
const SQLITE_CONNECTIONS: u32 = 2;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Which database.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file, made when missing, for its owner only.
    Sqlite(PathBuf),
    /// `postgres://…`
    Postgres {
        /// The URL, password included: never shown.
        url: String,
        /// Most connections.
        pool_max: u32,
    },
}

/// An open catalog. Clones share it.
#[derive(Clone)]
pub struct Catalog {
    db: Db,
    keys: ApiKeys,
    users: Users,
    sessions: Sessions,
    events: Events,
    alerts: Alerts,
    messages: Messages,
    silences: Silences,
    reports: Reports,
    settings: Settings,
    lookups: Lookups,
    rules: Rules,
    audit: Audit,
}

impl Catalog {
    /// Opens the database and brings its tables up to date.
    pub async fn open(place: &Place) -> Result<Self, CatalogError> {
        let options = match place {
            Place::Sqlite(path) => sqlite_options(path)?,
            Place::Postgres { url, pool_max } => {
                let mut options = ConnectOptions::new(url);
                options.max_connections(*pool_max).min_connections(0);
                options
            }
        };
        let db = connect(options).await.map_err(|source| CatalogError::Open {
            place: name(place),
            source,
        })?;
        Migrations::up(&db, None).await.map_err(CatalogError::Migrate)?;
        let db = Db::new(db);
        let sessions = Sessions::new(db.clone());
        let users = Users::new(db.clone(), sessions.clone());
        let keys = ApiKeys::new(db.clone());
        Ok(Self::on(db, (keys, users, sessions)))
    }

    fn on(db: Db, (keys, users, sessions): (ApiKeys, Users, Sessions)) -> Self {
        Self {
            keys,
            users,
            sessions,
            events: Events::new(db.clone()),
            alerts: Alerts::new(db.clone()),
            messages: Messages::new(db.clone()),
            silences: Silences::new(db.clone()),
            reports: Reports::new(db.clone()),
            settings: Settings::new(db.clone()),
            lookups: Lookups::new(db.clone()),
            rules: Rules::new(db.clone()),
            audit: Audit::new(db.clone()),
            db,
        }
    }

    /// The same catalog, which writes down in the audit log whatever is changed through it: in the change's own
    /// transaction, and nothing where nothing is changed. For one change.
    #[must_use]
    pub fn noting(&self, entry: NewAudit) -> Self {
        let db = self.db.noting(entry);
        let sessions = self.sessions.on(db.clone());
        let users = self.users.on(db.clone(), sessions.clone());
        Self::on(db.clone(), (self.keys.on(db), users, sessions))
    }

    /// The API keys.
    pub fn keys(&self) -> &ApiKeys {
        &self.keys
    }

    /// The users.
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// The users' sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Security events, and what was detected in them.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// The alerts.
    pub fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// Messages to people that wait to be sent.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// What nobody is to be told for a time.
    pub fn silences(&self) -> &Silences {
        &self.silences
    }

    /// Reports that were made.
    pub fn reports(&self) -> &Reports {
        &self.reports
    }

    /// What people set that could also stand in the configuration.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What services said of files and addresses, and what is still to be asked.
    pub fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// What people made of rules: switched off, exceptions, rules of their own.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Who did what.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Ends all connections, so that a SQLite file is whole by itself, without its log beside it.
    pub async fn close(&self) -> Result<(), CatalogError> {
        within("close the database", self.db.connection().close_by_ref()).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), CatalogError> {
        within("reach the database", self.db.connection().ping()).await
    }
}

async fn connect(mut options: ConnectOptions) -> Result<DatabaseConnection, sea_orm::DbErr> {
    options.acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false);
    Database::connect(options).await
}

fn sqlite_options(path: &Path) -> Result<ConnectOptions, CatalogError> {
    make_private(path)?;
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(SQLITE_CONNECTIONS).min_connections(1);
    let path = path.to_path_buf();
    options.map_sqlx_sqlite_opts(move |options| {
        options
            .in_memory(false)
            .shared_cache(false)
            .filename(&path)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            .pragma("cache_size", "-256")
    });
    Ok(options)
}

/// The file holds hashes of keys: it is made for its owner only, before SQLite would make it for everyone.
fn make_private(path: &Path) -> Result<(), CatalogError> {
    private::create(path).map_err(|source| CatalogError::Make {
        path: path.to_path_buf(),
        source,
    })
}

fn name(place: &Place) -> String {
    match place {
        Place::Sqlite(path) => path.display().to_string(),
        Place::Postgres { url, .. } => {
            let host = url.rsplit_once('@').map_or(url.as_str(), |(_, host)| host);
            // Behind the question mark a password may stand too.
            let host = host.split('?').next().unwrap_or_default();
            format!("postgres://…@{}", host.trim_start_matches("postgres://"))
        }
    }
}
