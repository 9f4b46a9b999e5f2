/// The host's name, when it has one that can stand in a certificate.
pub(crate) fn host_name() -> Option<String> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    let name = name.trim();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    (plain && !name.is_empty()).then(|| name.to_lowercase())
}
