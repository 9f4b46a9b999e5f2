//! Sessions: browsers that are logged in. A session ends when it is not used for a day, after two weeks in any case,
//! when its user logs out or changes the password elsewhere, and when they have too many.

mod cache;
mod token;

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Set,
};

use crate::db::{Db, within};
use crate::tables::sessions::{ActiveModel, Column, Entity, Model};
use crate::tables::users;
use crate::{CatalogError, Role, limits};
use cache::Cache;
pub use token::{SessionId, SessionToken};

const HOUR_NS: i64 = 3_600 * 1_000_000_000;
/// A session ends when it is not used for so long, in nanoseconds.
pub const SESSION_IDLE_NS: i64 = 24 * HOUR_NS;
/// A session ends after so long, however often it is used, in nanoseconds.
pub const SESSION_MAX_NS: i64 = 14 * 24 * HOUR_NS;
/// Of one user; the oldest end.
const SESSIONS_MAX: u64 = 20;
const USER_AGENT_BYTES_MAX: usize = 256;
const ADDRESS_BYTES_MAX: usize = 64;

/// Where a log-in came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The address of the other side.
    pub address: String,
    /// What the browser calls itself; cut.
    pub user_agent: Option<String>,
}

/// A session and its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// Whose.
    pub user_id: i64,
    /// Their name.
    pub user: String,
    /// What they may do.
    pub role: Role,
    /// Whether they have to choose a password before anything else.
    pub must_change_password: bool,
    /// When it ends however often it is used, in nanoseconds since 1970.
    pub expires_ns: i64,
}

impl Session {
    /// `None` when the stored hash is none.
    pub(crate) fn new(row: &Model, user: &users::Model, role: Role) -> Option<Self> {
        Some(Self {
            id: SessionId::read(&row.hash)?,
            user_id: user.id,
            user: user.name.clone(),
            role,
            must_change_password: user.one_time,
            expires_ns: row.expires_ns,
        })
    }

    /// When it ends unless it is used again, in nanoseconds since 1970.
    pub fn ends_ns(&self, now: i64) -> i64 {
        self.expires_ns.min(now.saturating_add(SESSION_IDLE_NS))
    }
}

/// The sessions of a catalog. Clones share it, its memory of sessions included.
#[derive(Clone)]
pub struct Sessions {
    db: Db,
    cache: Arc<Cache>,
}

impl Sessions {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            db,
            cache: Arc::new(Cache::default()),
        }
    }

    /// The same sessions, remembered together.
    pub(crate) fn on(&self, db: Db) -> Self {
        Self {
            db,
            cache: self.cache.clone(),
        }
    }

    /// The session of a token. Remembered for a few seconds, so that a busy page costs no statement per request; one
    /// that ends or changes through this catalog does so at once, one that ends elsewhere when it is forgotten.
    pub async fn look_up(&self, id: SessionId, now: i64) -> Result<Option<Arc<Session>>, CatalogError> {
        if let Some(session) = self.cache.get(id, now) {
            return Ok(Some(session));
        }
        let generation = self.cache.generation();
        let rows = within("look up a session", async {
            let on = self.db.connection();
            let Some(row) = Entity::find_by_id(id.bytes()).one(on).await? else {
                return Ok(None);
            };
            let user = users::Entity::find_by_id(row.user_id).one(on).await?;
            Ok(user.map(|user| (row, user)))
        });
        let Some((row, user)) = rows.await? else {
            return Ok(None);
        };
        let last_ns = self.cache.used(id).unwrap_or(i64::MIN).max(row.used_ns);
        if now >= row.expires_ns || now.saturating_sub(last_ns) >= SESSION_IDLE_NS {
            return Ok(None);
        }
        let session = Role::read(&user.role).and_then(|role| Session::new(&row, &user, role));
        let session = session.map(Arc::new);
        if let Some(session) = &session {
            self.cache.put(session.clone(), now, generation);
        }
        Ok(session)
    }

    /// Ends a session at once. False when there is none any more.
    pub async fn end(&self, id: SessionId) -> Result<bool, CatalogError> {
        let done = within("end a session", async {
            let write = self.db.begin().await?;
            let done = Entity::delete_by_id(id.bytes()).exec(write.on()).await?;
            if done.rows_affected == 0 {
                return Ok(false);
            }
            write.commit().await?;
            Ok(true)
        });
        let done = done.await?;
        self.forget();
        Ok(done)
    }

    /// Writes down when sessions were last used. Call it every minute or so.
    pub async fn save_used(&self) -> Result<(), CatalogError> {
        let used = self.cache.all_used();
        if used.is_empty() {
            return Ok(());
        }
        within("note when sessions were used", async {
            let write = self.db.begin().await?;
            for (id, at) in &used {
                Entity::update_many()
                    .col_expr(Column::UsedNs, Expr::value(*at))
                    .filter(Column::Hash.eq(id.bytes()))
                    .filter(Column::UsedNs.lt(*at))
                    .exec(write.on())
                    .await?;
            }
            write.commit().await
        })
        .await?;
        self.cache.written(&used);
        Ok(())
    }

    /// Removes sessions that have ended by themselves; how many. Call it after [`Sessions::save_used`].
    pub async fn expire(&self, now: i64) -> Result<u64, CatalogError> {
        let ended = Condition::any()
            .add(Column::ExpiresNs.lte(now))
            .add(Column::UsedNs.lte(now.saturating_sub(SESSION_IDLE_NS)));
        within("remove sessions that have ended", async {
            let write = self.db.begin().await?;
            let done = Entity::delete_many().filter(ended).exec(write.on()).await?;
            write.commit().await?;
            Ok(done.rows_affected)
        })
        .await
    }

    /// What is remembered of any session is not so any more.
    pub(crate) fn forget(&self) {
        self.cache.forget();
    }

    /// Begins a session in somebody's transaction, and ends the oldest of the user's when there are too many.
    pub(crate) async fn begin(
        on: &impl ConnectionTrait,
        token: &SessionToken,
        user_id: i64,
        from: Login,
        now: i64,
    ) -> Result<Model, DbErr> {
        let kept: Vec<Vec<u8>> = Entity::find()
            .select_only()
            .column(Column::Hash)
            .filter(Column::UserId.eq(user_id))
            .order_by_desc(Column::CreatedNs)
            .limit(SESSIONS_MAX - 1)
            .into_tuple()
            .all(on)
            .await?;
        Entity::delete_many()
            .filter(Column::UserId.eq(user_id))
            .filter(Column::Hash.is_not_in(kept))
            .exec(on)
            .await?;
        let hash = SessionId::of(token.expose()).map(SessionId::bytes);
        let row = ActiveModel {
            hash: Set(hash.unwrap_or_default()),
            user_id: Set(user_id),
            created_ns: Set(now),
            used_ns: Set(now),
            expires_ns: Set(now.saturating_add(SESSION_MAX_NS)),
            address: Set(limits::text(&from.address, ADDRESS_BYTES_MAX)),
            user_agent: Set(from.user_agent.map(|name| limits::text(&name, USER_AGENT_BYTES_MAX))),
        };
        row.insert(on).await
    }

    /// Ends a user's sessions but one, in somebody's transaction.
    pub(crate) async fn end_of(on: &impl ConnectionTrait, user_id: i64, but: Option<SessionId>) -> Result<(), DbErr> {
        let mut ended = Entity::delete_many().filter(Column::UserId.eq(user_id));
        if let Some(kept) = but {
            ended = ended.filter(Column::Hash.ne(kept.bytes()));
        }
        ended.exec(on).await.map(drop)
    }
}
