use sea_orm_migration::sea_query::{Query, Table, TableCreateStatement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, index, number, text, unique, yes_or_no};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0006_rulebook"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [revision(), states(), exceptions(), own_rules()] {
            manager.create_table(table).await?;
        }
        for index in [
            unique("rule_states", &["rule"]),
            index("rule_exceptions", &["rule", "id"]),
            index("rule_exceptions", &["ended_ns", "until_ns"]),
            unique("own_rules", &["rule", "version"]),
        ] {
            manager.create_index(index).await?;
        }
        let first = Query::insert()
            .into_table("rules_revision")
            .columns(["id", "revision"])
            .values_panic([1_i64.into(), 0_i64.into()])
            .to_owned();
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["rules_revision", "rule_states", "rule_exceptions", "own_rules"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// One row: it rises with every change, and whoever changes rules holds it.
fn revision() -> TableCreateStatement {
    Table::create()
        .table("rules_revision")
        .col(big("id").not_null().primary_key())
        .col(big("revision").not_null())
        .to_owned()
}

fn states() -> TableCreateStatement {
    Table::create()
        .table("rule_states")
        .col(number())
        .col(text("rule").not_null())
        .col(yes_or_no("disabled").not_null())
        .col(text("reason").not_null())
        .col(text("changed_by").not_null())
        .col(big("changed_ns").not_null())
        .to_owned()
}

fn exceptions() -> TableCreateStatement {
    Table::create()
        .table("rule_exceptions")
        .col(number())
        .col(text("rule").not_null())
        .col(text("name").not_null())
        .col(text("query").not_null())
        .col(text("reason").not_null())
        .col(text("created_by").not_null())
        .col(big("created_ns").not_null())
        .col(big("until_ns"))
        .col(text("ended_by"))
        .col(big("ended_ns"))
        .to_owned()
}

fn own_rules() -> TableCreateStatement {
    Table::create()
        .table("own_rules")
        .col(number())
        .col(text("rule").not_null())
        .col(big("version").not_null())
        .col(yes_or_no("newest").not_null())
        .col(yes_or_no("deleted").not_null())
        .col(text("body").not_null())
        .col(text("note").not_null())
        .col(text("made_by").not_null())
        .col(big("made_ns").not_null())
        .to_owned()
}
