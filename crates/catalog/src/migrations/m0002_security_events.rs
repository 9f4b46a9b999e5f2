use sea_orm_migration::sea_query::{ColumnDef, IndexCreateStatement, Table, TableCreateStatement};
use sea_orm_migration::{DbErr, MigrationName, MigrationTrait, SchemaManager, async_trait};

use super::parts::{big, index, number, text, unique};

pub(super) struct Step;

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        "m0002_security_events"
    }
}

const TABLES: [&str; 5] = ["security_events", "alerts", "alert_events", "messages", "reader"];

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [security_events(), alerts(), alert_events(), messages(), reader()] {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A public table: other tools read it by these names.
fn security_events() -> TableCreateStatement {
    Table::create()
        .table("security_events")
        .col(number())
        .col(text("event_id").not_null())
        .col(text("timestamp").not_null())
        .col(big("timestamp_ns").not_null())
        .col(big("received_ns").not_null())
        .col(text("agent_id").not_null())
        .col(text("host_name"))
        .col(text("kind"))
        .col(text("category"))
        .col(text("action"))
        .col(text("outcome"))
        .col(ColumnDef::new("severity").small_integer())
        .col(text("username"))
        .col(text("process_name"))
        .col(text("process_command_line"))
        .col(text("source_ip"))
        .col(text("message").not_null())
        .col(text("fields").not_null())
        .to_owned()
}

fn alerts() -> TableCreateStatement {
    Table::create()
        .table("alerts")
        .col(number())
        .col(text("fingerprint").not_null())
        .col(text("rule_id").not_null())
        .col(text("rule_title").not_null())
        .col(ColumnDef::new("level").small_integer().not_null())
        .col(text("state").not_null())
        .col(big("count").not_null())
        .col(big("first_ns").not_null())
        .col(big("last_ns").not_null())
        .col(big("created_ns").not_null())
        .col(big("updated_ns").not_null())
        .col(text("host_name"))
        .col(text("username"))
        .col(text("message").not_null())
        .col(text("event").not_null())
        .col(text("acknowledged_by"))
        .col(big("acknowledged_ns"))
        .col(text("closed_by"))
        .col(big("closed_ns"))
        .col(text("note"))
        .to_owned()
}

fn alert_events() -> TableCreateStatement {
    Table::create()
        .table("alert_events")
        .col(text("event_id").not_null().primary_key())
        .col(big("alert_id").not_null())
        .col(big("timestamp_ns").not_null())
        .col(big("added_ns").not_null())
        .to_owned()
}

fn messages() -> TableCreateStatement {
    Table::create()
        .table("messages")
        .col(number())
        .col(big("alert_id").not_null())
        .col(text("event_id").not_null())
        .col(text("channel").not_null())
        .col(text("body").not_null())
        .col(text("state").not_null())
        .col(ColumnDef::new("attempts").integer().not_null())
        .col(big("next_ns").not_null())
        .col(big("created_ns").not_null())
        .col(big("finished_ns"))
        .col(text("error"))
        .to_owned()
}

fn reader() -> TableCreateStatement {
    Table::create()
        .table("reader")
        .col(text("name").not_null().primary_key())
        .col(big("position").not_null())
        .col(big("updated_ns").not_null())
        .to_owned()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        unique("security_events", &["event_id"]),
        index("security_events", &["timestamp_ns"]),
        index("security_events", &["received_ns"]),
        index("security_events", &["username", "timestamp_ns"]),
        index("security_events", &["process_name", "timestamp_ns"]),
        index("security_events", &["agent_id", "timestamp_ns"]),
        index("alerts", &["fingerprint", "last_ns"]),
        index("alerts", &["state", "last_ns"]),
        index("alerts", &["updated_ns"]),
        index("alert_events", &["alert_id", "timestamp_ns"]),
        index("alert_events", &["added_ns"]),
        unique("messages", &["event_id", "channel"]),
        index("messages", &["state", "channel", "next_ns"]),
        index("messages", &["alert_id"]),
        index("messages", &["finished_ns"]),
    ]
}
