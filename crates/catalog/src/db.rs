//! The connections, and how to write through them.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::CatalogError;
use crate::audit::{NewAudit, Pending};

/// Longest time for one call, waiting for its turn included. A dead link to PostgreSQL would hang for ever.
const WORK_TIMEOUT: Duration = Duration::from_mins(1);
/// PostgreSQL ends by itself what a lost client left behind.
const POSTGRES_LIMITS: &str = "SET LOCAL lock_timeout = '30s'; SET LOCAL statement_timeout = '60s'; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'";
/// Any number that nobody else uses in this database: "watchpst" in ASCII.
const POSTGRES_ALERTS_LOCK: &str = "SELECT pg_advisory_xact_lock(8602815914390451060)";
/// The same of users: "watchusr".
const POSTGRES_USERS_LOCK: &str = "SELECT pg_advisory_xact_lock(8602284733557470066)";

/// An open database. Clones share it.
#[derive(Clone)]
pub(crate) struct Db {
    connection: DatabaseConnection,
    /// Whose turn it is to write, first come, first served. SQLite has one writer at a time and lets others poll: a
    /// reader of the ledger that writes batch after batch would starve them. Only the holder takes a connection, so
    /// the other one is always there for reading.
    turn: Option<Arc<Semaphore>>,
    /// What a transaction that commits leaves in the audit log.
    note: Option<Arc<NewAudit>>,
}

impl Db {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        let one_writer = connection.get_database_backend() == DbBackend::Sqlite;
        Self {
            connection,
            turn: one_writer.then(|| Arc::new(Semaphore::new(1))),
            note: None,
        }
    }

    /// The same, whose transactions write this down when they commit.
    pub(crate) fn noting(&self, entry: NewAudit) -> Self {
        Self {
            note: Some(Arc::new(entry)),
            ..self.clone()
        }
    }

    /// For reading.
    pub(crate) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// Begins a transaction that may write. Dropped without [`Write::commit`] it leaves nothing behind.
    pub(crate) async fn begin(&self) -> Result<Write, DbErr> {
        let turn = match &self.turn {
            // It is never closed.
            Some(turn) => turn.clone().acquire_owned().await.ok(),
            None => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = self.connection.begin_with_options(options).await?;
        if transaction.get_database_backend() == DbBackend::Postgres {
            transaction.execute_unprepared(POSTGRES_LIMITS).await?;
        }
        Ok(Write {
            transaction,
            note: self.note.as_ref().map(Pending::new),
            _turn: turn,
        })
    }
}

/// A transaction that may write.
pub(crate) struct Write {
    // Dropped in this order: rolled back before the next one's turn.
    transaction: DatabaseTransaction,
    note: Option<Pending>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Write {
    /// What statements run on.
    pub(crate) fn on(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Makes this the only transaction that changes alerts, until it ends. Without it two servers on one PostgreSQL
    /// would each open an alert for the same thing, or wait for one another's rows. In SQLite every writer is alone.
    pub(crate) async fn lock_alerts(&self) -> Result<(), DbErr> {
        if self.transaction.get_database_backend() == DbBackend::Postgres {
            self.transaction.execute_unprepared(POSTGRES_ALERTS_LOCK).await?;
        }
        Ok(())
    }

    /// Makes this the only transaction that makes or removes users, until it ends: two that each see another admin would
    /// remove them both.
    pub(crate) async fn lock_users(&self) -> Result<(), DbErr> {
        if self.transaction.get_database_backend() == DbBackend::Postgres {
            self.transaction.execute_unprepared(POSTGRES_USERS_LOCK).await?;
        }
        Ok(())
    }

    /// What is known of the audit entry only now, where there is one.
    pub(crate) fn note(&mut self, add: impl FnOnce(&mut Pending)) {
        if let Some(note) = &mut self.note {
            add(note);
        }
    }

    /// Makes it durable, together with its audit entry.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        if let Some(note) = self.note {
            note.write(&self.transaction).await?;
        }
        self.transaction.commit().await
    }
}

/// Runs one call's statements within the time that is allowed; `action` completes "cannot … in the catalog".
pub(crate) async fn within<T>(
    action: &'static str,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, CatalogError> {
    match tokio::time::timeout(WORK_TIMEOUT, work).await {
        Ok(done) => done.map_err(|source| CatalogError::Statement { action, source }),
        Err(_) => Err(CatalogError::Slow {
            action,
            seconds: WORK_TIMEOUT.as_secs(),
        }),
    }
}

/// The column's value and one.
pub(crate) fn one_more(column: impl ColumnTrait) -> Expr {
    more(column, 1)
}

/// The column's value and so many.
pub(crate) fn more(column: impl ColumnTrait, times: i64) -> Expr {
    use sea_orm::sea_query::ExprTrait;
    Expr::col(column).add(times)
}

/// Cuts a list into pieces of `most`, then of ever smaller powers of two: each size is a statement of its own that the
/// database prepares once and remembers, so there must be few of them.
pub(crate) fn pieces<T>(mut items: &[T], most: usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = 1_usize << items.len().checked_ilog2()?;
        let (piece, rest) = items.split_at(size.min(most));
        items = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_are_powers_of_two_and_lose_nothing() {
        for length in 0..300 {
            let items: Vec<usize> = (0..length).collect();
            let cut: Vec<&[usize]> = pieces(&items, 64).collect();
            assert!(
                cut.iter()
                    .all(|piece| piece.len().is_power_of_two() && piece.len() <= 64)
            );
            assert_eq!(cut.concat(), items);
        }
    }
}
