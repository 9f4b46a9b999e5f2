use sea_orm_migration::sea_query::Table;
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, number, text, unique};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0007_settings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("settings")
            .col(number())
            .col(text("kind").not_null())
            .col(text("name").not_null())
            .col(text("body").not_null())
            .col(big("version").not_null())
            .col(text("changed_by").not_null())
            .col(big("changed_ns").not_null())
            .to_owned();
        manager.create_table(table).await?;
        manager.create_index(unique("settings", &["kind", "name"])).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("settings").to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
