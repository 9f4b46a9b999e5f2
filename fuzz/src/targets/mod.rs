//! What is fuzzed.

mod agent;
mod batch;
mod evtx;
mod ledger;
mod store;
mod text;

/// One reader of bytes.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Valid inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Makes lengths and checksums fit again after a change, as far as the input still has them.
    pub repair: fn(&mut Vec<u8>),
    /// Reads an input; panics when it does not keep its promise.
    pub run: fn(&[u8]),
}

/// All of them. Decompressors of further formats, and reports of agents, get a line here when they come.
pub const TARGETS: &[Target] = &[
    Target {
        name: "batch",
        seeds: batch::seeds,
        repair: batch::repair,
        run: batch::run,
    },
    Target {
        name: "frame",
        seeds: batch::texts,
        repair: as_it_is,
        run: batch::run_text,
    },
    Target {
        name: "envelope",
        seeds: batch::envelopes,
        repair: as_it_is,
        run: batch::run_envelope,
    },
    Target {
        name: "answers",
        seeds: agent::seeds,
        repair: as_it_is,
        run: agent::run,
    },
    Target {
        name: "ledger",
        seeds: ledger::seeds,
        repair: ledger::repair,
        run: ledger::run,
    },
    Target {
        name: "manifest",
        seeds: store::manifests,
        repair: store::repair_manifest,
        run: store::run_manifest,
    },
    Target {
        name: "index",
        seeds: store::indexes,
        repair: store::repair_index,
        run: store::run_index,
    },
    Target {
        name: "data-file",
        seeds: store::data_files,
        repair: as_it_is,
        run: store::run_data_file,
    },
    Target {
        name: "query",
        seeds: text::queries,
        repair: as_it_is,
        run: text::run_query,
    },
    Target {
        name: "framing",
        seeds: text::streams,
        repair: as_it_is,
        run: text::run_framing,
    },
    Target {
        name: "codecs",
        seeds: text::lines,
        repair: as_it_is,
        run: text::run_codecs,
    },
    Target {
        name: "event-xml",
        seeds: text::windows_events,
        repair: as_it_is,
        run: text::run_windows_event,
    },
    Target {
        name: "evtx",
        seeds: evtx::seeds,
        repair: evtx::repair,
        run: evtx::run,
    },
];

fn as_it_is(_: &mut Vec<u8>) {}
