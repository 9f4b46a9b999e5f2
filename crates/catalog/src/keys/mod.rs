//! API keys: `wp_<id>_<secret>`. The secret is 256 bits from the operating system, so its plain SHA-256 is enough to
//! store; it is shown once, when it is made.

mod cache;
mod text;

use std::sync::Arc;

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Set};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::CatalogError;
use crate::db::{Db, within};
use crate::tables::api_keys::{ActiveModel, Column, Entity, Model};
use cache::Cache;
use text::Presented;

/// Longest name and binding in bytes.
const NAME_BYTES_MAX: usize = 128;

/// What a key may do, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyScope {
    /// Deliver as this agent.
    AgentId(String),
    /// Deliver as any agent whose id begins so.
    AgentPrefix(String),
    /// Search and administrate.
    User,
}

impl KeyScope {
    /// Whether the key may speak for this agent.
    pub fn allows_agent(&self, agent: &str) -> bool {
        match self {
            Self::AgentId(id) => id == agent,
            Self::AgentPrefix(prefix) => agent.starts_with(prefix.as_str()),
            Self::User => false,
        }
    }
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scope: KeyScope,
}

/// A key as it is known, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its number, never used again.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scope: KeyScope,
    /// Nanoseconds since 1970.
    pub created_at: i64,
    /// Nanoseconds since 1970; such a key opens nothing.
    pub revoked_at: Option<i64>,
    /// Nanoseconds since 1970, as of a minute ago or so.
    pub last_used_at: Option<i64>,
}

/// Why a presented key opens nothing.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// It has not the shape of a key.
    #[error("this is no API key: keys look like wp_1_… and are made with `watchpost token create`")]
    Malformed,
    /// There is no such key, or the secret is another.
    #[error("the API key is not known here: make one with `watchpost token create`")]
    Unknown,
    /// It was revoked.
    #[error("API key {id} was revoked: make another one with `watchpost token create`")]
    Revoked {
        /// The key's id.
        id: i64,
    },
    /// The catalog did not answer.
    #[error("cannot verify the API key now")]
    Catalog(#[source] CatalogError),
}

/// The keys of a catalog. Clones share it, its memory of verified keys included.
#[derive(Clone)]
pub struct ApiKeys {
    db: Db,
    cache: Arc<Cache>,
}

impl ApiKeys {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            db,
            cache: Arc::new(Cache::default()),
        }
    }

    /// The same keys, remembered together.
    pub(crate) fn on(&self, db: Db) -> Self {
        Self {
            db,
            cache: self.cache.clone(),
        }
    }

    /// Makes a key; the text is its only copy.
    pub async fn create(&self, new: NewKey, now: i64) -> Result<(ApiKey, String), CatalogError> {
        check(&new)?;
        let secret = text::draw().map_err(CatalogError::Random)?;
        let (kind, agent_id, agent_prefix) = match &new.scope {
            KeyScope::AgentId(id) => ("agent", Some(id.clone()), None),
            KeyScope::AgentPrefix(prefix) => ("agent", None, Some(prefix.clone())),
            KeyScope::User => ("user", None, None),
        };
        let row = ActiveModel {
            name: Set(new.name),
            kind: Set(kind.to_owned()),
            hash: Set(text::hash(&secret).to_vec()),
            agent_id: Set(agent_id),
            agent_prefix: Set(agent_prefix),
            created_at: Set(now),
            ..Default::default()
        };
        let row = within("make an API key", async {
            let mut write = self.db.begin().await?;
            let row = row.insert(write.on()).await?;
            write.note(|note| note.about(&row.id, &row.name));
            write.commit().await?;
            Ok(row)
        })
        .await?;
        let text = text::write(row.id, &secret);
        Ok((ApiKey::from_row(row)?, text))
    }

    /// All keys, revoked ones included, in the order they were made.
    pub async fn list(&self) -> Result<Vec<ApiKey>, CatalogError> {
        let rows = Entity::find().order_by_asc(Column::Id).all(self.db.connection());
        let rows = within("list API keys", rows).await?;
        rows.into_iter().map(ApiKey::from_row).collect()
    }

    /// Revokes a key; it opens nothing from now on. False when there is no such key, or it was revoked before.
    pub async fn revoke(&self, id: i64, now: i64) -> Result<bool, CatalogError> {
        let done = within("revoke an API key", async {
            let mut write = self.db.begin().await?;
            let done = Entity::update_many()
                .col_expr(Column::RevokedAt, sea_orm::sea_query::Expr::value(now))
                .filter(Column::Id.eq(id))
                .filter(Column::RevokedAt.is_null())
                .exec(write.on())
                .await?;
            if done.rows_affected == 0 {
                return Ok(false);
            }
            if let Some(row) = Entity::find_by_id(id).one(write.on()).await? {
                write.note(|note| note.about(&id, &row.name));
            }
            write.commit().await?;
            Ok(true)
        })
        .await?;
        self.cache.forget(id);
        Ok(done)
    }

    /// Whose key this is. Remembered for a few seconds, so that a busy agent costs no statement per request; a key
    /// revoked through this catalog stops at once, one revoked elsewhere when it is forgotten.
    pub async fn verify(&self, presented: &str, now: i64) -> Result<Arc<ApiKey>, VerifyError> {
        let presented = Presented::read(presented).ok_or(VerifyError::Malformed)?;
        if let Some(known) = self.cache.get(presented.id, now) {
            return known.check(&presented);
        }
        let generation = self.cache.generation();
        let row = Entity::find_by_id(presented.id).one(self.db.connection());
        let row = within("look up an API key", row)
            .await
            .map_err(VerifyError::Catalog)?
            .ok_or(VerifyError::Unknown)?;
        let hash = row.hash.clone();
        let key = ApiKey::from_row(row).map_err(VerifyError::Catalog)?;
        let known = cache::Known::new(Arc::new(key), hash);
        let answer = known.check(&presented)?;
        self.cache.put(presented.id, known, now, generation);
        Ok(answer)
    }

    /// Whether a key that was verified once still opens anything: for connections that last.
    pub async fn is_active(&self, id: i64) -> Result<bool, CatalogError> {
        let row = Entity::find_by_id(id).one(self.db.connection());
        let row = within("look up an API key", row).await?;
        Ok(row.is_some_and(|row| row.revoked_at.is_none()))
    }

    /// Writes down when keys were last used. Call it every minute or so.
    pub async fn save_last_used(&self) -> Result<(), CatalogError> {
        let used = self.cache.take_used();
        if used.is_empty() {
            return Ok(());
        }
        within("note when API keys were used", async {
            let write = self.db.begin().await?;
            for (id, at) in used {
                Entity::update_many()
                    .col_expr(Column::LastUsedAt, sea_orm::sea_query::Expr::value(at))
                    .filter(Column::Id.eq(id))
                    .exec(write.on())
                    .await?;
            }
            write.commit().await
        })
        .await
    }
}

impl ApiKey {
    fn from_row(row: Model) -> Result<Self, CatalogError> {
        let scope = match (row.kind.as_str(), row.agent_id, row.agent_prefix) {
            ("agent", Some(id), None) => KeyScope::AgentId(id),
            ("agent", None, Some(prefix)) => KeyScope::AgentPrefix(prefix),
            ("user", None, None) => KeyScope::User,
            _ => return Err(CatalogError::BadRow { id: row.id }),
        };
        Ok(Self {
            id: row.id,
            name: row.name,
            scope,
            created_at: row.created_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
        })
    }
}

fn check(new: &NewKey) -> Result<(), CatalogError> {
    let plain = |text: &str| text.len() <= NAME_BYTES_MAX && !text.chars().any(char::is_control);
    if new.name.trim().is_empty() || !plain(&new.name) {
        return Err(CatalogError::BadKey(
            "its name must have 1 to 128 characters, none of them a control character",
        ));
    }
    let binding = match &new.scope {
        KeyScope::AgentId(text) | KeyScope::AgentPrefix(text) => text,
        KeyScope::User => return Ok(()),
    };
    if binding.is_empty() || !plain(binding) {
        return Err(CatalogError::BadKey(
            "the agent id or prefix it is bound to must have 1 to 128 characters, none of them a control character",
        ));
    }
    Ok(())
}
