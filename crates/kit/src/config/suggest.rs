//! "Did you mean".

/// Names that people bring from elsewhere, and what they are called here.
const OTHER_NAMES: [(&str, &str); 25] = [
    ("scan_interval", "interval"),
    ("poll_interval", "interval"),
    ("check_interval", "interval"),
    ("api_key", "uplink.key"),
    ("api_token", "uplink.key"),
    ("watch_paths", "source.integrity.paths"),
    ("report_interval", "uplink.health_interval"),
    ("heartbeat_interval", "uplink.health_interval"),
    ("server_url", "uplink.url"),
    ("server", "uplink.url"),
    ("endpoint", "uplink.url"),
    ("agent_id", "agent.id"),
    ("agent_name", "agent.name"),
    ("hostname", "agent.name"),
    ("log_level", "log.level"),
    ("log_file", "log.file.path"),
    ("log_paths", "source.file.include"),
    ("batch_size", "send.batch_records"),
    ("flush_interval", "send.interval"),
    ("send_interval", "send.interval"),
    ("buffer_size", "spool.max_bytes"),
    ("max_buffer_size", "spool.max_bytes"),
    ("data_path", "server.data_dir"),
    ("retention_days", "store.retention.logs.max_age"),
    ("database_url", "catalog.url"),
];

/// How a list of known names is cut short.
const KNOWN_MAX: usize = 24;

/// What was probably meant by `name` where only `known` is understood.
pub(super) fn suggest(name: &str, known: &[&str]) -> Option<String> {
    let other = OTHER_NAMES
        .iter()
        .find(|(other, _)| folded(other) == folded(name))
        .map(|(_, ours)| *ours);
    let ours_here = other.and_then(|ours| {
        let last = ours.rsplit('.').next()?;
        known.iter().copied().find(|known| *known == last)
    });
    if let Some(meant) = ours_here.or_else(|| closest(name, known)).or(other) {
        return Some(format!("did you mean `{meant}`?"));
    }
    if known.is_empty() {
        return None;
    }
    let more = if known.len() > KNOWN_MAX { ", …" } else { "" };
    let known: Vec<&str> = known.iter().copied().take(KNOWN_MAX).collect();
    Some(format!("known here: {}{more}", known.join(", ")))
}

/// The most similar name, when it is similar enough to be a slip of the hand.
fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = folded(name);
    let slips_max = (name.chars().count() / 3).max(1);
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &folded(known)), *known))
        .filter(|(slips, _)| *slips <= slips_max)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, known)| known)
}

/// Spelling differences that are none: `batchBytes`, `batch-bytes`, `batch_bytes`. Long names are cut: they cost.
fn folded(name: &str) -> String {
    let letters = name.chars().filter(|c| *c != '_' && *c != '-').take(64);
    letters.flat_map(char::to_lowercase).collect()
}
