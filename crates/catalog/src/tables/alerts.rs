#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// An alert: detections of one kind, near each other in time.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub fingerprint: String,
    pub rule_id: String,
    pub rule_title: String,
    /// 20 to 100.
    pub level: i16,
    /// `open`, `acknowledged` or `closed`.
    pub state: String,
    pub count: i64,
    pub first_ns: i64,
    pub last_ns: i64,
    pub created_ns: i64,
    /// When a detection was added or somebody changed its state: by our clock, unlike the events' times.
    pub updated_ns: i64,
    pub host_name: Option<String>,
    pub username: Option<String>,
    pub message: String,
    /// The first detection as JSON.
    pub event: String,
    pub acknowledged_by: Option<String>,
    pub acknowledged_ns: Option<i64>,
    pub closed_by: Option<String>,
    pub closed_ns: Option<i64>,
    pub note: Option<String>,
    /// Who is to see to it.
    pub assignee: Option<String>,
    /// Why it was closed, in one word.
    pub close_reason: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
