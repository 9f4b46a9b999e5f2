#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// A message to people.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub alert_id: i64,
    pub event_id: String,
    pub channel: String,
    pub body: String,
    /// `waiting`, `sent`, `dead`; `held`, `later`; `told`, `silenced`, `dropped`.
    pub state: String,
    pub attempts: i32,
    pub next_ns: i64,
    pub created_ns: i64,
    pub finished_ns: Option<i64>,
    pub error: Option<String>,
    /// How many detections it stands for.
    pub count: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
