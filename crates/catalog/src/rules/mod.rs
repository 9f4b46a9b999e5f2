//! What people made of rules: which are switched off, what they are not to find, and rules of their own with every
//! version. A number says whether anything has changed.

mod own;
mod types;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};

pub use types::{Managed, NewException, NewVersion, OwnRule, RuleException, RuleState, Saved};

use crate::CatalogError;
use crate::db::{Db, Write, one_more, within};
use crate::limits;
use crate::tables::{rule_exceptions, rule_states, rules_revision};

/// Most rows of a kind in use at once: no rule set has so many.
const ROWS_MAX: u64 = 10_000;
/// Exceptions of one answer about one rule.
const EXCEPTIONS_MAX: u64 = 200;
/// Longest query.
const QUERY_BYTES_MAX: usize = 4 * 1024;

/// What people made of rules. Clones share it.
#[derive(Clone)]
pub struct Rules {
    db: Db,
}

impl Rules {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Rises with every change: cheap to ask.
    pub async fn revision(&self) -> Result<i64, CatalogError> {
        let row = rules_revision::Entity::find_by_id(1).one(self.db.connection());
        let row = within("ask for the revision of the rules", row).await?;
        Ok(row.map_or(0, |row| row.revision))
    }

    /// Everything in force. What changes meanwhile has a later revision than this says.
    pub async fn managed(&self, now: i64) -> Result<Managed, CatalogError> {
        let revision = self.revision().await?;
        within("read what people made of rules", async {
            let on = self.db.connection();
            let states = rule_states::Entity::find()
                .filter(rule_states::Column::Disabled.eq(true))
                .order_by_asc(rule_states::Column::Id)
                .limit(ROWS_MAX)
                .all(on)
                .await?;
            let exceptions = rule_exceptions::Entity::find()
                .filter(in_force(now))
                .order_by_asc(rule_exceptions::Column::Id)
                .limit(ROWS_MAX)
                .all(on)
                .await?;
            Ok(Managed {
                revision,
                disabled: states.into_iter().map(RuleState::from_row).collect(),
                exceptions: exceptions.into_iter().map(RuleException::from_row).collect(),
                own: own::newest(on).await?,
            })
        })
        .await
    }

    /// Switches a rule off or on.
    pub async fn set_disabled(
        &self,
        rule: &str,
        disabled: bool,
        reason: &str,
        (who, now): (&str, i64),
    ) -> Result<RuleState, CatalogError> {
        use rule_states::{ActiveModel, Column, Entity};
        let row = ActiveModel {
            rule: Set(limits::id(rule)),
            disabled: Set(disabled),
            reason: Set(limits::text(reason, limits::NOTE_BYTES_MAX)),
            changed_by: Set(limits::name(who)),
            changed_ns: Set(now),
            ..Default::default()
        };
        within("switch a rule off or on", async {
            let write = self.begin().await?;
            let changed = [Column::Disabled, Column::Reason, Column::ChangedBy, Column::ChangedNs];
            let made = Entity::insert(row)
                .on_conflict(OnConflict::column(Column::Rule).update_columns(changed).to_owned())
                .exec_with_returning(write.on())
                .await?;
            write.commit().await?;
            Ok(RuleState::from_row(made))
        })
        .await
    }

    /// Who last switched a rule off or on; none: nobody ever did.
    pub async fn state(&self, rule: &str) -> Result<Option<RuleState>, CatalogError> {
        let row = rule_states::Entity::find()
            .filter(rule_states::Column::Rule.eq(limits::id(rule)))
            .one(self.db.connection());
        Ok(within("look up a rule", row).await?.map(RuleState::from_row))
    }

    /// Makes an exception.
    pub async fn add_exception(&self, new: &NewException, who: &str, now: i64) -> Result<RuleException, CatalogError> {
        let row = rule_exceptions::ActiveModel {
            rule: Set(limits::id(&new.rule)),
            name: Set(limits::name(&new.name)),
            query: Set(limits::text(&new.query, QUERY_BYTES_MAX)),
            reason: Set(limits::text(&new.reason, limits::NOTE_BYTES_MAX)),
            created_by: Set(limits::name(who)),
            created_ns: Set(now),
            until_ns: Set(new.until_ns),
            ..Default::default()
        };
        within("make an exception", async {
            let mut write = self.begin().await?;
            let made = rule_exceptions::Entity::insert(row)
                .exec_with_returning(write.on())
                .await?;
            write.note(|note| note.detail("exception", made.id.into()));
            write.commit().await?;
            Ok(RuleException::from_row(made))
        })
        .await
    }

    /// Ends one. None when there is none that is not over.
    pub async fn end_exception(&self, id: i64, who: &str, now: i64) -> Result<Option<RuleException>, CatalogError> {
        use rule_exceptions::{Column, Entity};
        within("end an exception", async {
            let mut write = self.begin().await?;
            let done = Entity::update_many()
                .col_expr(Column::EndedBy, Expr::value(limits::name(who)))
                .col_expr(Column::EndedNs, Expr::value(now))
                .filter(Column::Id.eq(id))
                .filter(in_force(now))
                .exec(write.on())
                .await?;
            if done.rows_affected == 0 {
                return Ok(None);
            }
            let row = Entity::find_by_id(id).one(write.on()).await?;
            if let Some(row) = &row {
                write.note(|note| note.about(&row.rule, ""));
            }
            write.commit().await?;
            Ok(row.map(RuleException::from_row))
        })
        .await
    }

    /// Exceptions of a rule, those that are over included, the newest first, 200 at most.
    pub async fn exceptions_of(&self, rule: &str) -> Result<Vec<RuleException>, CatalogError> {
        use rule_exceptions::{Column, Entity};
        let rows = Entity::find()
            .filter(Column::Rule.eq(limits::id(rule)))
            .order_by_desc(Column::Id)
            .limit(EXCEPTIONS_MAX)
            .all(self.db.connection());
        let rows = within("list exceptions", rows).await?;
        Ok(rows.into_iter().map(RuleException::from_row).collect())
    }

    /// Begins a change: the revision rises with it, and whoever else changes rules waits for its end.
    async fn begin(&self) -> Result<Write, DbErr> {
        let write = self.db.begin().await?;
        rules_revision::Entity::update_many()
            .col_expr(
                rules_revision::Column::Revision,
                one_more(rules_revision::Column::Revision),
            )
            .filter(rules_revision::Column::Id.eq(1))
            .exec(write.on())
            .await?;
        Ok(write)
    }
}

/// Neither ended nor over.
fn in_force(now: i64) -> Condition {
    use rule_exceptions::Column;
    let time = Condition::any()
        .add(Column::UntilNs.is_null())
        .add(Column::UntilNs.gt(now));
    Condition::all().add(Column::EndedNs.is_null()).add(time)
}
