//! How messages leave: one file for each kind of channel, and one for services that differ in little.

mod buttons;
mod email;
mod http;
mod partial;
mod script;
mod service;
mod split;
mod syslog;
mod telegram;
mod webhook;

pub use buttons::{ButtonActions, Buttons, Press, Pressed};
pub(crate) use email::Email;
pub(crate) use script::Script;
pub(crate) use service::ServiceChannel;
pub(crate) use syslog::Syslog;
pub(crate) use telegram::Telegram;
pub(crate) use webhook::Webhook;

use std::pin::Pin;

use watchpost_event::Timestamp;

use crate::NotifyError;

/// A future that can be kept in a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// What [`crate::Alerting::plan`] made of a detection.
    pub body: &'a str,
    /// The number of its alert; 0: it belongs to none.
    pub alert: i64,
    /// The present time.
    pub now: Timestamp,
}

/// One way to reach people. It keeps its own timeouts: an attempt ends by itself.
pub trait Notifier: Send + Sync {
    /// One attempt to deliver. Dropping the future gives the attempt up; the service may have got the message all the same.
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>>;
}
