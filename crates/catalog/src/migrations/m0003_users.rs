use sea_orm_migration::sea_query::{ColumnDef, Table, TableCreateStatement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, index, number, text, unique, yes_or_no};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0003_users"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(users()).await?;
        manager.create_table(sessions()).await?;
        for index in [
            unique("users", &["folded"]),
            index("sessions", &["user_id", "created_ns"]),
            index("sessions", &["expires_ns"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["sessions", "users"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn users() -> TableCreateStatement {
    Table::create()
        .table("users")
        .col(number())
        .col(text("name").not_null())
        .col(text("folded").not_null())
        .col(text("password_hash").not_null())
        .col(text("role").not_null())
        .col(yes_or_no("one_time").not_null())
        .col(yes_or_no("password_used").not_null())
        .col(big("created_ns").not_null())
        .col(big("password_ns").not_null())
        .col(big("last_login_ns"))
        .to_owned()
}

fn sessions() -> TableCreateStatement {
    Table::create()
        .table("sessions")
        .col(ColumnDef::new("hash").blob().not_null().primary_key())
        .col(big("user_id").not_null())
        .col(big("created_ns").not_null())
        .col(big("used_ns").not_null())
        .col(big("expires_ns").not_null())
        .col(text("address").not_null())
        .col(text("user_agent"))
        .to_owned()
}
