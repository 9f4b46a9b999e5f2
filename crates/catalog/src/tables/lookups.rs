#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// What one service says of one indicator, or is to be asked.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lookups")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// `hash`, `ip`, `domain`.
    pub kind: String,
    pub value: String,
    pub service: String,
    /// `waiting`, `known`, `failed`.
    pub state: String,
    pub opinion: Option<String>,
    /// JSON.
    pub verdict: Option<String>,
    pub looked_ns: Option<i64>,
    /// While it waits: not before; else: how long it holds.
    pub next_ns: i64,
    pub urgent: bool,
    pub attempts: i64,
    pub error: Option<String>,
    /// The event it was first seen in.
    pub event_id: Option<String>,
    pub event_ns: Option<i64>,
    pub host_name: Option<String>,
    pub path: Option<String>,
    pub username: Option<String>,
    pub created_ns: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
