//! What was ever done to the tables, in order. Released steps are never changed.

mod m0001_api_keys;
mod m0002_security_events;
mod m0003_users;
mod m0004_silences;
mod m0005_lookups;
mod m0006_rulebook;
mod m0007_settings;
mod m0008_audit;
mod m0009_times;
mod parts;

use sea_orm_migration::{MigrationTrait, MigratorTrait, async_trait};

pub(crate) struct Migrations;

#[async_trait::async_trait]
impl MigratorTrait for Migrations {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_api_keys::Step),
            Box::new(m0002_security_events::Step),
            Box::new(m0003_users::Step),
            Box::new(m0004_silences::Step),
            Box::new(m0005_lookups::Step),
            Box::new(m0006_rulebook::Step),
            Box::new(m0007_settings::Step),
            Box::new(m0008_audit::Step),
            Box::new(m0009_times::Step),
        ]
    }
}
