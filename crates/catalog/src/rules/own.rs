//! Rules made by people, with every version up to a limit.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Set,
};

use super::{NewVersion, OwnRule, Rules, Saved};
use crate::CatalogError;
use crate::db::within;
use crate::limits;
use crate::tables::own_rules::{ActiveModel, Column, Entity, Model};

/// Most rules made by people.
const RULES_MAX: u64 = 1_000;
/// Versions kept of each; the oldest go first.
const VERSIONS_MAX: i64 = 50;
/// Longest text.
const BODY_BYTES_MAX: usize = 64 * 1024;

impl Rules {
    /// Keeps a version, when nobody has made another since the one its maker saw. A deletion is a version too. Of each
    /// rule 50 are kept.
    pub async fn save(&self, new: &NewVersion, who: &str, now: i64) -> Result<Saved, CatalogError> {
        let rule = limits::id(&new.rule);
        within("keep a rule", async {
            let mut write = self.begin().await?;
            let last = last(write.on(), &rule).await?;
            let there = last.as_ref().filter(|last| !last.deleted);
            if there.map_or(0, |there| there.version) != new.after || (there.is_none() && new.body.is_none()) {
                return Ok(Saved::Conflict(there.cloned().map(OwnRule::from_row)));
            }
            if there.is_none() && there_are(write.on()).await? >= RULES_MAX {
                return Ok(Saved::Full { limit: RULES_MAX });
            }
            let body = new.body.as_ref().map(|body| limits::text(body, BODY_BYTES_MAX));
            let before = last.as_ref().map_or(0, |last| last.version);
            let row = ActiveModel {
                rule: Set(rule.clone()),
                version: Set(before + 1),
                newest: Set(true),
                deleted: Set(body.is_none()),
                body: Set(body.or(last.map(|last| last.body)).unwrap_or_default()),
                note: Set(limits::text(&new.note, limits::NOTE_BYTES_MAX)),
                made_by: Set(limits::name(who)),
                made_ns: Set(now),
                ..Default::default()
            };
            Entity::update_many()
                .col_expr(Column::Newest, Expr::value(false))
                .filter(Column::Rule.eq(&rule))
                .exec(write.on())
                .await?;
            let made = Entity::insert(row).exec_with_returning(write.on()).await?;
            Entity::delete_many()
                .filter(Column::Rule.eq(&rule))
                .filter(Column::Version.lte(made.version - VERSIONS_MAX))
                .exec(write.on())
                .await?;
            write.note(|note| note.detail("version", made.version.into()));
            write.commit().await?;
            Ok(Saved::Kept(OwnRule::from_row(made)))
        })
        .await
    }

    /// The versions of a rule, the newest first; none: nobody made such a rule.
    pub async fn versions_of(&self, rule: &str) -> Result<Vec<OwnRule>, CatalogError> {
        let rows = Entity::find()
            .filter(Column::Rule.eq(limits::id(rule)))
            .order_by_desc(Column::Version)
            .limit(VERSIONS_MAX as u64)
            .all(self.db.connection());
        let rows = within("list the versions of a rule", rows).await?;
        Ok(rows.into_iter().map(OwnRule::from_row).collect())
    }
}

async fn last(on: &impl ConnectionTrait, rule: &str) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Rule.eq(rule))
        .filter(Column::Newest.eq(true))
        .one(on)
        .await
}

async fn there_are(on: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::Newest.eq(true))
        .filter(Column::Deleted.eq(false))
        .count(on)
        .await
}

/// The rules there are, as they are now.
pub(super) async fn newest(on: &impl ConnectionTrait) -> Result<Vec<OwnRule>, DbErr> {
    let rows = Entity::find()
        .filter(Column::Newest.eq(true))
        .filter(Column::Deleted.eq(false))
        .order_by_asc(Column::Rule)
        .limit(RULES_MAX)
        .all(on)
        .await?;
    Ok(rows.into_iter().map(OwnRule::from_row).collect())
}
