//! `[source.inventory]` as it stands in the configuration, and checked.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchpost_kit::DurationText;

use super::os;
use crate::source::SourceError;

/// `[source.inventory]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InventorySection {
    /// Off without taking the section out.
    pub enabled: bool,
    /// How often the host is looked at.
    pub interval: DurationText,
}

impl Default for InventorySection {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: DurationText::from_secs(3_600),
        }
    }
}

/// The inventory source's settings, checked.
#[derive(Clone, Debug)]
pub struct InventorySettings {
    /// How often the host is looked at.
    pub interval: Duration,
}

impl InventorySection {
    /// Checks everything; `None` when the source is off.
    pub fn resolve(&self) -> Result<Option<InventorySettings>, SourceError> {
        const DAYS: u64 = 30;
        if !self.enabled {
            return Ok(None);
        }
        let seconds = self.interval.0.as_secs();
        let most = DAYS * 86_400;
        if !(1..=most).contains(&seconds) {
            return Err(SourceError::OutOfRange {
                key: "source.inventory.interval (in seconds)",
                value: seconds,
                least: 1,
                most,
            });
        }
        if os::this_host().is_none() {
            return Err(SourceError::NoInventory);
        }
        Ok(Some(InventorySettings {
            interval: self.interval.0,
        }))
    }
}
