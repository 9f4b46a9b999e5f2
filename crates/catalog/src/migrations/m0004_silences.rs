use sea_orm_migration::sea_query::{ColumnDef, Index, IndexDropStatement, Table, TableCreateStatement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, index, number, text};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0004_silences"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in added() {
            let change = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(change).await?;
        }
        manager.create_table(alert_notes()).await?;
        manager.create_table(silences()).await?;
        manager.create_table(reports()).await?;
        manager.drop_index(dropped("messages_alert_id")).await?;
        for index in [
            index("messages", &["alert_id", "channel", "state"]),
            index("messages", &["channel", "state", "created_ns"]),
            index("messages", &["state", "id"]),
            index("messages", &["state", "next_ns"]),
            index("alert_notes", &["alert_id", "id"]),
            index("alert_notes", &["added_ns"]),
            index("silences", &["until_ns"]),
            index("reports", &["schedule", "to_ns"]),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["alert_notes", "silences", "reports"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        for name in [
            "messages_alert_id_channel_state",
            "messages_channel_state_created_ns",
            "messages_state_id",
            "messages_state_next_ns",
        ] {
            manager.drop_index(dropped(name)).await?;
        }
        manager.create_index(index("messages", &["alert_id"])).await?;
        for (table, column) in added() {
            let name = column.get_column_name();
            let change = Table::alter().table(table).drop_column(name).to_owned();
            manager.alter_table(change).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

fn dropped(name: &'static str) -> IndexDropStatement {
    Index::drop().name(name).table("messages").to_owned()
}

fn added() -> [(&'static str, ColumnDef); 3] {
    [
        ("alerts", text("assignee")),
        ("alerts", text("close_reason")),
        ("messages", big("count").not_null().default(1).to_owned()),
    ]
}

fn alert_notes() -> TableCreateStatement {
    Table::create()
        .table("alert_notes")
        .col(number())
        .col(big("alert_id").not_null())
        .col(big("added_ns").not_null())
        .col(text("author").not_null())
        .col(text("action").not_null())
        .col(text("note").not_null())
        .to_owned()
}

fn silences() -> TableCreateStatement {
    Table::create()
        .table("silences")
        .col(number())
        .col(text("query").not_null())
        .col(text("hours").not_null())
        .col(text("reason").not_null())
        .col(big("from_ns").not_null())
        .col(big("until_ns").not_null())
        .col(text("created_by").not_null())
        .col(big("created_ns").not_null())
        .col(text("ended_by"))
        .col(big("ended_ns"))
        .to_owned()
}

fn reports() -> TableCreateStatement {
    Table::create()
        .table("reports")
        .col(number())
        .col(text("kind").not_null())
        .col(text("subject"))
        .col(text("schedule").not_null())
        .col(big("from_ns").not_null())
        .col(big("to_ns").not_null())
        .col(big("made_ns").not_null())
        .col(text("made_by").not_null())
        .col(text("body").not_null())
        .to_owned()
}
