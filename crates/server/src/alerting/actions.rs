//! What people do from a chat.

use std::sync::Arc;
use std::time::Duration;

use watchpost_alert::{BoxFuture, ButtonActions, Press, Pressed, StateError};
use watchpost_catalog::{Alert, AuditActor, AuditObject, By, Catalog, NewAudit, NewSilence};
use watchpost_kit::{Clock, DurationText};

use super::SilenceBoard;
use crate::quote::quoted;

pub(crate) struct ChatActions {
    pub(crate) catalog: Catalog,
    pub(crate) silences: Arc<SilenceBoard>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The same story: the same rule about the same host, user and so on.
fn query_of(alert: &Alert) -> String {
    format!("watchpost.alert.fingerprint:{}", quoted(&alert.fingerprint))
}

impl ChatActions {
    /// The catalog for one change, which writes the change down.
    fn noting(&self, action: &str, kind: &str, who: &str) -> Catalog {
        self.catalog.noting(NewAudit {
            time_ns: self.clock.now(),
            actor: AuditActor {
                name: who.to_owned(),
                kind: "chat".to_owned(),
                ..AuditActor::default()
            },
            action: action.to_owned(),
            object: AuditObject {
                kind: kind.to_owned(),
                ..AuditObject::default()
            },
            ..NewAudit::default()
        })
    }

    async fn acknowledge(&self, alert: &Alert, who: &str) -> Result<Pressed, StateError> {
        let by = By {
            who,
            now: self.clock.now(),
        };
        let noting = self.noting("alert.acknowledge", "alert", who);
        if !noting.alerts().acknowledge(&[alert.id], by, "").await?.is_empty() {
            return Ok(Pressed::Done);
        }
        let before = alert.closed_by.clone().or_else(|| alert.acknowledged_by.clone());
        Ok(Pressed::Before(before.unwrap_or_default()))
    }

    async fn silence(&self, alert: &Alert, time: Duration, who: &str) -> Result<Pressed, StateError> {
        let now = self.clock.now();
        let query = query_of(alert);
        let current = self.catalog.silences().current(now).await?;
        if let Some(before) = current.into_iter().find(|silence| silence.query == query) {
            return Ok(Pressed::Before(before.created_by));
        }
        let new = NewSilence {
            query,
            reason: format!("{}, #{}", alert.rule_title, alert.id),
            from_ns: now,
            until_ns: now.saturating_add(DurationText(time).as_nanos_i64()),
            ..NewSilence::default()
        };
        let noting = self.noting("silence.create", "silence", who);
        noting.silences().create(&new, who, now).await?;
        self.silences.refresh().await?;
        Ok(Pressed::Done)
    }
}

impl ButtonActions for ChatActions {
    fn press<'a>(
        &'a self,
        press: Press,
        alert: i64,
        who: &'a str,
        channels: &'a [String],
    ) -> BoxFuture<'a, Result<Pressed, StateError>> {
        Box::pin(async move {
            let Some(alert) = self.catalog.alerts().get(alert).await? else {
                return Ok(Pressed::Unknown);
            };
            let told = self.catalog.messages().of_alert(alert.id).await?;
            if !told.iter().any(|message| channels.contains(&message.channel)) {
                return Ok(Pressed::Unknown);
            }
            match press {
                Press::Acknowledge => self.acknowledge(&alert, who).await,
                Press::Silence(time) => self.silence(&alert, time, who).await,
            }
        })
    }
}
