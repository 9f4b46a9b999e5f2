//! Channels and routes together, checked.

use watchpost_query::Query;

use super::{AlertSections, ChannelSettings, Group};
use crate::AlertError;

/// What people want to hear of when they have not said: trouble once a story, and every start of a watched program.
const DEFAULT_ROUTES: [(&str, Group); 2] = [
    (
        "watchpost.alert.severity:>=medium AND NOT watchpost.system:true",
        Group::Story,
    ),
    ("process.title:* AND watchpost.launch:true", Group::None),
];

/// A condition, and who is told.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) when: Query,
    /// Places in the list of channels.
    pub(crate) channels: Vec<usize>,
    pub(crate) group: Group,
}

/// All channels and routes of a configuration.
pub(crate) fn routes(sections: &AlertSections) -> Result<(Vec<ChannelSettings>, Vec<Route>), AlertError> {
    let mut channels: Vec<ChannelSettings> = Vec::new();
    for (n, section) in sections.channel.iter().enumerate() {
        let channel = ChannelSettings::read(n, section)?;
        if let Some(other) = channels.iter().find(|other| other.name == channel.name) {
            let reason = format!(
                "{:?} is the name of {} already: give each its own",
                channel.name, other.key
            );
            return Err(AlertError::config(format!("{}.name", channel.key), reason));
        }
        channels.push(channel);
    }
    let mut routes = Vec::new();
    if sections.route.is_empty() && !channels.is_empty() {
        for (when, group) in DEFAULT_ROUTES {
            routes.push(Route {
                when: query("route (default)", when)?,
                channels: (0..channels.len()).collect(),
                group,
            });
        }
    }
    for (n, section) in sections.route.iter().enumerate() {
        let key = format!("route[{n}].channels");
        if section.channels.is_empty() {
            return Err(AlertError::config(key, format!("is empty: {}", known(&channels))));
        }
        let mut places = Vec::new();
        for name in &section.channels {
            let place = channels.iter().position(|channel| channel.name == *name);
            let unknown = || AlertError::config(&key, format!("no channel is named {name:?}: {}", known(&channels)));
            places.push(place.ok_or_else(unknown)?);
        }
        routes.push(Route {
            when: query(&format!("route[{n}].when"), &section.when)?,
            channels: places,
            group: section.group,
        });
    }
    Ok((channels, routes))
}

fn query(key: &str, text: &str) -> Result<Query, AlertError> {
    watchpost_query::parse(text).map_err(|source| AlertError::Query {
        key: key.to_owned(),
        source,
    })
}

/// The channels there are, for whoever named another.
fn known(channels: &[ChannelSettings]) -> String {
    if channels.is_empty() {
        return "there are none, add a [[channel]]".to_owned();
    }
    let names: Vec<String> = channels.iter().map(|channel| format!("{:?}", channel.name)).collect();
    format!("name one of {}", names.join(", "))
}
