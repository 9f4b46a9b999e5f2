//! What people set in the web interface that could also stand in the configuration, such as channels. The catalog does not
//! look into it.

use std::fmt;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set};

use crate::CatalogError;
use crate::db::{Db, within};
use crate::limits;
use crate::tables::settings::{ActiveModel, Column, Entity, Model};

/// Most of one kind.
pub const SETTINGS_MAX: u64 = 500;

/// One thing that was set.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// What it is called, unique within its kind.
    pub name: String,
    /// What it says, in the words of whoever reads it.
    pub body: String,
    /// Rises with every change; a change names the one it was made of.
    pub version: i64,
    /// Who changed it last.
    pub changed_by: String,
    /// When, in nanoseconds since 1970.
    pub changed_ns: i64,
}

/// The body may hold secrets.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// The settings of a catalog. Clones share it.
#[derive(Clone)]
pub struct Settings {
    db: Db,
}

impl Settings {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// All of a kind, by name; [`SETTINGS_MAX`] at most.
    pub async fn list(&self, kind: &str) -> Result<Vec<Setting>, CatalogError> {
        let rows = Entity::find()
            .filter(Column::Kind.eq(limits::name(kind)))
            .order_by_asc(Column::Name)
            .limit(SETTINGS_MAX)
            .all(self.db.connection());
        let rows = within("list settings", rows).await?;
        Ok(rows.into_iter().map(Setting::from_row).collect())
    }

    /// Makes one. `None`: there is one of this name, or there are [`SETTINGS_MAX`] of the kind.
    pub async fn create(
        &self,
        kind: &str,
        name: &str,
        body: &str,
        who: &str,
        now: i64,
    ) -> Result<Option<Setting>, CatalogError> {
        within("make a setting", async {
            let write = self.db.begin().await?;
            let of_kind = Entity::find().filter(Column::Kind.eq(limits::name(kind)));
            let there = of_kind
                .clone()
                .filter(Column::Name.eq(limits::id(name)))
                .count(write.on())
                .await?;
            if there > 0 || of_kind.count(write.on()).await? >= SETTINGS_MAX {
                return Ok(None);
            }
            let row = ActiveModel {
                kind: Set(limits::name(kind)),
                name: Set(limits::id(name)),
                body: Set(limits::text(body, limits::BODY_BYTES_MAX)),
                version: Set(1),
                changed_by: Set(limits::name(who)),
                changed_ns: Set(now),
                ..Default::default()
            };
            let made = Entity::insert(row).exec_with_returning(write.on()).await?;
            write.commit().await?;
            Ok(Some(Setting::from_row(made)))
        })
        .await
    }

    /// Changes the one that has this version. `None`: it has another by now, or is gone.
    pub async fn change(
        &self,
        kind: &str,
        before: (&str, i64),
        body: &str,
        who: &str,
        now: i64,
    ) -> Result<Option<Setting>, CatalogError> {
        let (name, version) = before;
        within("change a setting", async {
            let write = self.db.begin().await?;
            let done = Entity::update_many()
                .col_expr(Column::Body, Expr::value(limits::text(body, limits::BODY_BYTES_MAX)))
                .col_expr(Column::Version, Expr::value(version.saturating_add(1)))
                .col_expr(Column::ChangedBy, Expr::value(limits::name(who)))
                .col_expr(Column::ChangedNs, Expr::value(now))
                .filter(Column::Kind.eq(limits::name(kind)))
                .filter(Column::Name.eq(limits::id(name)))
                .filter(Column::Version.eq(version))
                .exec(write.on())
                .await?;
            if done.rows_affected == 0 {
                return Ok(None);
            }
            write.commit().await?;
            Ok(Some(Setting {
                name: name.to_owned(),
                body: body.to_owned(),
                version: version.saturating_add(1),
                changed_by: who.to_owned(),
                changed_ns: now,
            }))
        })
        .await
    }

    /// Removes the one that has this version; whether there was one.
    pub async fn remove(&self, kind: &str, name: &str, version: i64) -> Result<bool, CatalogError> {
        within("remove a setting", async {
            let write = self.db.begin().await?;
            let done = Entity::delete_many()
                .filter(Column::Kind.eq(limits::name(kind)))
                .filter(Column::Name.eq(limits::id(name)))
                .filter(Column::Version.eq(version))
                .exec(write.on())
                .await?;
            if done.rows_affected == 0 {
                return Ok(false);
            }
            write.commit().await?;
            Ok(true)
        })
        .await
    }
}

impl Setting {
    fn from_row(row: Model) -> Self {
        Self {
            name: row.name,
            body: row.body,
            version: row.version,
            changed_by: row.changed_by,
            changed_ns: row.changed_ns,
        }
    }
}
