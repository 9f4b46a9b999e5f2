//! The threads behind the API: the ledger's writer and its readers.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use watchpost_event::batch::Limits;
use watchpost_ledger::LedgerPosition;
use watchpost_query::Query;
use watchpost_run::{Policy, Shutdown, Supervisor};

use super::{Deps, Rooms};
use crate::ServerError;
use crate::alerting::{CatalogReader, CatalogReaderDeps, ChannelBoard, SilenceBoard};
use crate::bus::{Follower, ReaderState, StoreReader, Tail};
use crate::delivery::watch::{Expectations, Watcher, WatcherDeps};
use crate::detection::{DetectDeps, DetectReader};
use crate::ingest::Ingest;
use crate::lookups::Noter;

/// What the threads are given beside the rooms.
pub(super) struct Wiring {
    pub(super) channels: Arc<ChannelBoard>,
    pub(super) events: Query,
    pub(super) expectations: Arc<Expectations>,
    pub(super) overlong_in_a_row: u32,
    pub(super) throttle: u32,
    pub(super) silences: Arc<SilenceBoard>,
    pub(super) messages: Arc<Notify>,
    pub(super) held: Arc<Notify>,
    pub(super) ingest: Arc<Ingest>,
    pub(super) tail: Arc<Tail>,
    pub(super) limits: Limits,
    pub(super) deps: Deps,
    pub(super) detect_path: PathBuf,
}

fn failed(name: &'static str) -> impl FnOnce(std::io::Error) -> ServerError {
    move |source| ServerError::Thread { name, source }
}

/// Starts them. Call it on the runtime: readers that speak to the catalog and the intake use it.
pub(super) fn spawn(rooms: Rooms, wiring: Wiring, supervisor: &Supervisor) -> Result<(), ServerError> {
    let runtime = Handle::current();
    spawn_store(&rooms, &wiring, supervisor)?;
    spawn_detect(&rooms, &wiring, &runtime, supervisor)?;
    spawn_catalog(&rooms, &wiring, runtime.clone(), supervisor)?;
    spawn_watch(&rooms, &wiring, runtime, supervisor)?;
    let (tail, bus) = (wiring.tail, rooms.bus);
    supervisor
        .thread("tail", Policy::Restart, move |shutdown| {
            tail.run(&bus, shutdown);
            Ok(())
        })
        .map_err(failed("tail"))?;
    let mut writer = rooms.writer;
    let run_writer = move |shutdown: &Shutdown| {
        writer.run(shutdown);
        Ok(())
    };
    supervisor
        .thread("ledger", Policy::Escalate, run_writer)
        .map_err(failed("ledger"))
}

fn follower(rooms: &Rooms, wiring: &Wiring, state: &Arc<ReaderState>) -> Follower {
    Follower {
        bus: rooms.bus.clone(),
        ledger: rooms.ledger.clone(),
        state: state.clone(),
        readers: rooms.readers.clone(),
        limits: wiring.limits,
        enricher: rooms.lookups.enricher.clone(),
    }
}

fn spawn_store(rooms: &Rooms, wiring: &Wiring, supervisor: &Supervisor) -> Result<(), ServerError> {
    let reader = StoreReader {
        follower: follower(rooms, wiring, &rooms.reader),
        store: rooms.store.clone(),
        keeper: rooms.keeper.clone(),
        tally: rooms.tally.clone(),
    };
    supervisor
        .thread("store", Policy::Restart, move |shutdown| {
            reader.run(shutdown);
            Ok(())
        })
        .map_err(failed("store"))?;
    let (keeper, handle) = (rooms.keeper.clone(), rooms.handle.clone());
    let (state, readers) = (rooms.reader.clone(), rooms.readers.clone());
    let flush = move |shutdown: &Shutdown| {
        keeper.run_flusher(shutdown, &|committed| {
            state.set_committed(committed);
            handle.trim(LedgerPosition(readers.committed_by_all()));
        });
        Ok(())
    };
    supervisor
        .thread("store-flush", Policy::Restart, flush)
        .map_err(failed("store-flush"))?;
    let keeper = rooms.keeper.clone();
    supervisor
        .thread("store-care", Policy::Restart, move |shutdown| {
            keeper.run_maintenance(shutdown)
        })
        .map_err(failed("store-care"))
}

fn spawn_detect(rooms: &Rooms, wiring: &Wiring, runtime: &Handle, supervisor: &Supervisor) -> Result<(), ServerError> {
    let deps = DetectDeps {
        follower: follower(rooms, wiring, &rooms.detect),
        book: rooms.rules.clone(),
        ingest: wiring.ingest.clone(),
        writer: rooms.handle.clone(),
        runtime: runtime.clone(),
        disk: wiring.deps.disk.clone(),
        clock: wiring.deps.clock.clone(),
        path: wiring.detect_path.clone(),
        overlong_in_a_row: wiring.overlong_in_a_row,
        throttle: wiring.throttle,
        detections: rooms.metrics.detections.clone(),
        events: rooms.metrics.detect_events.clone(),
    };
    let mut reader = DetectReader::new(deps, rooms.detected.clone())?;
    let run = move |shutdown: &Shutdown| {
        reader.run(shutdown);
        Ok(())
    };
    supervisor
        .thread("detect", Policy::Restart, run)
        .map_err(failed("detect"))
}

fn spawn_watch(rooms: &Rooms, wiring: &Wiring, runtime: Handle, supervisor: &Supervisor) -> Result<(), ServerError> {
    let mut watcher = Watcher::new(WatcherDeps {
        board: rooms.watch.clone(),
        agents: rooms.agents.clone(),
        expectations: wiring.expectations.clone(),
        ingest: wiring.ingest.clone(),
        runtime,
        clock: wiring.deps.clock.clone(),
    });
    let run = move |shutdown: &Shutdown| {
        watcher.run(shutdown);
        Ok(())
    };
    supervisor
        .thread("watch", Policy::Restart, run)
        .map_err(failed("watch"))
}

fn spawn_catalog(rooms: &Rooms, wiring: &Wiring, runtime: Handle, supervisor: &Supervisor) -> Result<(), ServerError> {
    let mut reader = CatalogReader::new(CatalogReaderDeps {
        follower: follower(rooms, wiring, &rooms.catalog_reader),
        catalog: rooms.catalog.clone(),
        channels: wiring.channels.clone(),
        silences: wiring.silences.clone(),
        events: wiring.events.clone(),
        writer: rooms.handle.clone(),
        runtime,
        clock: wiring.deps.clock.clone(),
        messages: wiring.messages.clone(),
        held: wiring.held.clone(),
        noter: Noter::new(&rooms.lookups, rooms.metrics.registry()),
    });
    let run = move |shutdown: &Shutdown| {
        reader.run(shutdown);
        Ok(())
    };
    supervisor
        .thread("catalog", Policy::Restart, run)
        .map_err(failed("catalog"))
}
