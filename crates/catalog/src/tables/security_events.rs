#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// A security event: a public table that other tools read, so its columns are never renamed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "security_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub event_id: String,
    /// RFC 3339 UTC with nine digits of fraction, so that it sorts.
    pub timestamp: String,
    pub timestamp_ns: i64,
    pub received_ns: i64,
    pub agent_id: String,
    pub host_name: Option<String>,
    pub kind: Option<String>,
    pub category: Option<String>,
    pub action: Option<String>,
    pub outcome: Option<String>,
    /// 10 to 100.
    pub severity: Option<i16>,
    pub username: Option<String>,
    pub process_name: Option<String>,
    pub process_command_line: Option<String>,
    pub source_ip: Option<String>,
    pub message: String,
    /// The whole event as JSON.
    pub fields: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
