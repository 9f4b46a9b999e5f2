use sea_orm_migration::sea_query::Table;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, index, number, text};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0008_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("audit")
            .col(number())
            .col(big("time_ns").not_null())
            .col(text("who").not_null())
            .col(text("who_kind").not_null())
            .col(text("who_label").not_null())
            .col(text("address").not_null())
            .col(text("action").not_null())
            .col(text("outcome").not_null())
            .col(text("object_kind").not_null())
            .col(text("object_id").not_null())
            .col(text("object_name").not_null())
            .col(text("details").not_null())
            .to_owned();
        manager.create_table(table).await?;
        for index in [
            index("audit", &["time_ns"]),
            index("audit", &["who", "id"]),
            index("audit", &["action", "id"]),
            index("audit", &["object_id", "id"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit").to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
