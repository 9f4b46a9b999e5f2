//! Why records are missing: the reasons of gaps and of what was left out, in words.

/// Reasons of the agent's configuration; everything else is a fault.
const CONFIGURED: [&str; 5] = ["filter", "empty", "ignore", "too-old", "sampled"];

/// Whether records were left out as somebody wanted it.
pub(crate) fn is_configured(reason: &str) -> bool {
    CONFIGURED.contains(&reason)
}

/// A reason in words; one of a newer agent as it came.
pub(crate) fn words(reason: &str) -> &str {
    match reason {
        "" => "older ones, whose reasons are no longer listed",
        "record-too-long" => "longer than the limit",
        "unreadable" => "could not be read",
        "kernel-events-lost" => "lost by the kernel: more came than it could hand over",
        "queue-full" => "the agent’s queue was full",
        "spool-full" => "the spool was full and the source cannot be read again",
        "source-gone" => "the server lost it, and neither spool nor source has it any more",
        "ledger-damage" => "lost to damage in the server’s ledger",
        "too-large" => "larger than a batch may be",
        "refused" => "the server could not read the batch",
        other => other,
    }
}

/// What to do about it.
pub(crate) fn remedy(reason: &str) -> &'static str {
    match reason {
        "record-too-long" => "See what writes such records, or raise the limit.",
        "unreadable" => "See whether the source's format changed, and whether agent and server are of one version.",
        "kernel-events-lost" | "queue-full" => {
            "The host did more at once than could be taken: see what it did, and give the agent more processor time."
        }
        "spool-full" => "Raise spool.max_bytes at the agent, and see why the server was not there for so long.",
        "source-gone" => "Keep rotated files longer at the host, so that they can be read again; back up the server.",
        "ledger-damage" => "Check the server's disk, and run `watchpost store verify`.",
        "too-large" => {
            "Raise limits.record and limits.body at the server; the batch is in the quarantine folder of the spool."
        }
        "refused" => {
            "Compare the versions of agent and server; the batch is in the quarantine folder of the agent's spool."
        }
        _ => "See the agent's log of that time.",
    }
}
