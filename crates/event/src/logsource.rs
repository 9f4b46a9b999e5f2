use serde::{Deserialize, Serialize};

use crate::{Fields, names};

/// What a Sigma rule is about: product, category and service, each optional (Sigma specification, `logsource`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSource {
    /// Such as `linux`, `windows`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Such as `process_creation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Such as `sshd`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

impl LogSource {
    /// Writes the parts that are known into an event's fields.
    pub fn put(&self, fields: &mut Fields) {
        let parts = [
            (names::LOGSOURCE_PRODUCT, &self.product),
            (names::LOGSOURCE_CATEGORY, &self.category),
            (names::LOGSOURCE_SERVICE, &self.service),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                fields.set(name, value.as_str());
            }
        }
    }
}
