use sea_orm_migration::sea_query::{Table, TableCreateStatement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, index, number, text, unique, yes_or_no};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0005_lookups"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [lookups(), notices(), stream()] {
            manager.create_table(table).await?;
        }
        for index in [
            unique("lookups", &["value", "service"]),
            index("lookups", &["service", "state", "next_ns"]),
            index("lookups", &["state", "next_ns"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["lookups", "lookup_notices", "lookup_stream"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn lookups() -> TableCreateStatement {
    Table::create()
        .table("lookups")
        .col(number())
        .col(text("kind").not_null())
        .col(text("value").not_null())
        .col(text("service").not_null())
        .col(text("state").not_null())
        .col(text("opinion"))
        .col(text("verdict"))
        .col(big("looked_ns"))
        .col(big("next_ns").not_null())
        .col(yes_or_no("urgent").not_null())
        .col(big("attempts").not_null())
        .col(text("error"))
        .col(text("event_id"))
        .col(big("event_ns"))
        .col(text("host_name"))
        .col(text("path"))
        .col(text("username"))
        .col(big("created_ns").not_null())
        .to_owned()
}

fn notices() -> TableCreateStatement {
    Table::create()
        .table("lookup_notices")
        .col(number())
        .col(text("body").not_null())
        .to_owned()
}

fn stream() -> TableCreateStatement {
    Table::create()
        .table("lookup_stream")
        .col(number())
        .col(big("epoch").not_null())
        .col(big("cursor").not_null())
        .to_owned()
}
