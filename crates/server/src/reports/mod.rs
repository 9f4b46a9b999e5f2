//! Reports: what is asked of the store and the catalog for one, when they are made by themselves, and who gets them.

mod gather;
mod schedule;
mod sections;
mod texts;

pub(crate) use gather::{Gatherer, Wanted};
pub(crate) use schedule::{ReportPlan, Scheduler, plans, zone};

use std::pin::Pin;

use watchpost_event::protocol::DeliveryReport;
use watchpost_report::Report;

use crate::ServerError;

type Delivering = Pin<Box<dyn Future<Output = Result<DeliveryReport, ServerError>> + Send>>;

/// Who makes the delivery report, of everything or of one host.
pub(crate) type DeliverySource = Box<dyn Fn(Option<String>) -> Delivering + Send + Sync>;

/// A report from the catalog.
pub(crate) fn read(body: &str) -> Result<Report, serde_json::Error> {
    serde_json::from_str(body)
}
