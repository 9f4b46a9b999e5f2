use sea_orm_migration::sea_query::{ColumnDef, Table};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0001_api_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("api_keys")
            .col(
                ColumnDef::new("id")
                    .big_integer()
                    .not_null()
                    .auto_increment()
                    .primary_key(),
            )
            .col(ColumnDef::new("name").text().not_null())
            .col(ColumnDef::new("kind").text().not_null())
            .col(ColumnDef::new("hash").blob().not_null())
            .col(ColumnDef::new("agent_id").text())
            .col(ColumnDef::new("agent_prefix").text())
            .col(ColumnDef::new("created_at").big_integer().not_null())
            .col(ColumnDef::new("revoked_at").big_integer())
            .col(ColumnDef::new("last_used_at").big_integer())
            .to_owned();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("api_keys").to_owned()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
