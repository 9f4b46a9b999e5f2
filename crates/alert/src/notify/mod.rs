//! How messages leave: one file for each kind of channel, and one for services that differ in little.

mod email;
mod http;
mod partial;
mod service;
mod split;
mod telegram;
mod webhook;

pub(crate) use email::Email;
pub(crate) use service::ServiceChannel;
pub(crate) use telegram::Telegram;
pub(crate) use webhook::Webhook;

use std::pin::Pin;

use crate::NotifyError;

/// A future that can be kept in a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One way to reach people. It keeps its own timeouts: an attempt ends by itself.
pub trait Notifier: Send + Sync {
    /// One attempt to deliver a body that [`crate::Alerting::plan`] made. Dropping the future gives the attempt up; the
    /// service may have got the message all the same.
    fn send<'a>(&'a self, body: &'a str) -> BoxFuture<'a, Result<(), NotifyError>>;
}
