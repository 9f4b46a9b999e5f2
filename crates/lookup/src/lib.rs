//! What others know of a file, an address or a domain: services that are asked over the network (VirusTotal,
//! MalwareBazaar, MetaDefender), lists of one's own, and geography from a file the user brings.
//!
//! Never in here: which indicators are worth a question, what is kept of the answers, whom to tell. A service gets the
//! indicator and nothing else; a file is given away by [`Desk::upload`] only, and only when the configuration says so.
//!
//! Start reading at [`LookupSettings`] (what is configured), then [`Desk`] (one service, asked no more often than it may
//! be), [`Places`] (what is known without asking) and [`Enricher`] (what an event gains by both).
//!
//! ```
//! use watchpost_lookup::{Indicator, IndicatorKind, LookupSection, LookupSettings};
//!
//! let settings = LookupSettings::try_from(LookupSection::default())?;
//! assert!(settings.is_empty(), "nobody is asked without a key");
//! let indicator: Indicator = "evil.example.org".parse()?;
//! assert_eq!(indicator.kind(), IndicatorKind::Domain);
//! # Ok::<(), watchpost_lookup::LookupError>(())
//! ```

mod config;
mod desk;
mod enrich;
mod error;
mod http;
mod indicator;
mod known;
mod local;
mod quota;
mod service;
mod upload;
mod verdict;

pub use config::{
    GeoSection, ListSection, LookupSection, LookupSettings, MalwareBazaarSection, MetaDefenderSection, ServiceKind,
    ServiceSettings, VirusTotalSection,
};
pub use desk::{Desk, Standing, Unanswered};
pub use enrich::{Enricher, put_verdict};
pub use error::{AskError, LookupError};
pub use indicator::{Indicator, IndicatorKind};
pub use known::Known;
pub use local::{Local, PlaceInfo, Places};
pub use quota::{Allowance, Usage};
pub use service::Service;
pub use upload::{Upload, Uploaded};
pub use verdict::{Opinion, Verdict};
