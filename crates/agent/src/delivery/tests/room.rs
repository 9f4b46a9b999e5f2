//! A full spool, and an old one.

use std::time::Duration;

use watchpost_event::protocol::{DataResponse, Outcome, StreamCursor, StreamsResponse};
use watchpost_event::{Skip, Timestamp};
use watchpost_run::disk::{Fault, MemDisk};

use super::model::{DAY, DAY_ONE, Feed, Server, drive, open, small, try_open};
use crate::delivery::{Answer, DeliveryError, Order, SpoolOptions, WhenFull};

fn dropping() -> SpoolOptions {
    SpoolOptions {
        when_full: WhenFull::DropOldest,
        ..small()
    }
}

#[test]
fn a_full_spool_that_drops_its_oldest_declares_every_record_it_drops() {
    let mut delivery = open(&MemDisk::new(), dropping());
    let mut file = Feed::new("file", false, 2000);
    assert!(file.read(&mut delivery, DAY_ONE).expect("reads"), "nothing waits");
    assert!(delivery.backlog().spool_bytes <= 32 * 1024);
    let (spool, _) = delivery.status();
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [file], DAY_ONE);
    let missing = server.check("file", 2000);
    assert!(missing > 500 && missing < 2000, "{missing}");
    let skips = server.skips_of("file");
    assert_eq!(skips.len(), 1, "holes side by side are one: {skips:?}");
    assert_eq!(
        (skips[0].records, skips[0].reason.as_str()),
        (missing, Skip::SPOOL_FULL)
    );
    assert_eq!(spool.dropped[Skip::SPOOL_FULL], missing);
}

#[test]
fn what_cannot_wait_goes_on_while_files_wait_and_files_lose_nothing() {
    let mut delivery = open(&MemDisk::new(), small());
    let mut file = Feed::new("file", false, 3000);
    assert!(!file.read(&mut delivery, DAY_ONE).expect("reads"), "the file waits");
    let mut live = Feed::new("process", true, 2000);
    assert!(
        live.read(&mut delivery, DAY_ONE).expect("reads"),
        "what cannot wait does not"
    );
    assert!(delivery.backlog().spool_bytes <= 32 * 1024);
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [file, live], DAY_ONE);
    assert_eq!(server.check("file", 3000), 0, "{:?}", server.skips_of("file"));
    let missing = server.check("process", 2000);
    assert!(missing > 0, "it did not fit");
    let counted: u64 = server.skips_of("process").iter().map(|skip| skip.records).sum();
    assert_eq!(counted, missing);
}

#[test]
fn a_power_cut_at_any_moment_of_dropping_loses_no_declaration() {
    for cut in 0..60 {
        let disk = MemDisk::with_seed(cut);
        let mut delivery = open(&disk, dropping());
        let mut file = Feed::new("file", false, 450);
        file.read(&mut delivery, DAY_ONE).expect("reads");
        delivery.sync().expect("syncs");
        let synced = file.at;
        disk.inject(Fault::PowerCut(cut));
        file.end = 900;
        let died = file.read(&mut delivery, DAY_ONE).is_err();
        assert!(died || cut > 20, "the disk went on for {cut} operations");
        for disk in [disk.crash_image(cut), disk.kill()] {
            let mut delivery = try_open(&disk, dropping()).expect("opens after a crash");
            let mut file = file.clone();
            file.resume(&delivery);
            assert!(file.at >= synced, "what was synced is not read again");
            let mut server = Server::default();
            drive(&mut delivery, &mut server, &mut [file], DAY_ONE);
            server.check("file", 900);
        }
    }
}

#[test]
fn what_was_under_way_and_arrived_is_not_in_the_declared_hole() {
    let mut delivery = open(&MemDisk::new(), dropping());
    let mut file = Feed::new("file", false, 100);
    file.read(&mut delivery, DAY_ONE).expect("reads");
    let mut server = Server::default();
    let under_way = delivery.next_request().expect("readable").expect("something waits");
    // While the answer is on its way, what is in it is dropped.
    file.end = 2000;
    file.read(&mut delivery, DAY_ONE).expect("reads");
    let answer = Answer::Judged(server.handle(&under_way.body));
    delivery.answered(&under_way, answer, DAY_ONE).expect("learns");
    drive(&mut delivery, &mut server, &mut [file], DAY_ONE);
    assert!(server.check("file", 2000) > 0);
}

#[test]
fn too_old_is_declared_whatever_the_clock_did() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk, small());
    let mut file = Feed::new("file", false, 50);
    file.read(&mut delivery, DAY_ONE).expect("reads");
    file.end = 60;
    file.read(&mut delivery, Timestamp(DAY_ONE.0 + 5 * DAY)).expect("reads");
    // Thirteen days and a clock a day ahead, or back: nothing is older than fourteen.
    for days in [-1, 0, 1, 13, 14] {
        delivery.expire(Timestamp(DAY_ONE.0 + days * DAY)).expect("looks");
        assert!(delivery.status().0.dropped.is_empty(), "day {days}");
    }
    delivery.expire(Timestamp(DAY_ONE.0 + 15 * DAY)).expect("drops");
    assert_eq!(delivery.status().0.dropped["spool-max-age"], 50);
    // Durable, and decided: also a clock set back brings nothing back.
    let mut delivery = open(&disk.crash(), small());
    delivery.expire(Timestamp(DAY_ONE.0 - DAY)).expect("looks");
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [file], DAY_ONE);
    assert_eq!(server.check("file", 60), 50);
    assert_eq!(server.skips_of("file")[0].reason, "spool-max-age");
    assert_eq!(server.skips_of("file")[0].records, 50);
}

#[test]
fn a_host_without_a_clock_loses_nothing_when_it_gets_one() {
    let mut delivery = open(&MemDisk::new(), small());
    let mut file = Feed::new("file", false, 50);
    file.read(&mut delivery, Timestamp(1_000)).expect("reads");
    delivery.expire(DAY_ONE).expect("looks");
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [file], DAY_ONE);
    assert_eq!(server.check("file", 50), 0);
}

#[test]
fn a_declared_hole_outlives_the_age_of_what_it_stands_for() {
    let options = SpoolOptions {
        max_age: Duration::from_hours(1),
        ..small()
    };
    let mut delivery = open(&MemDisk::new(), options);
    let mut file = Feed::new("file", false, 50);
    for day in 1..6 {
        file.read(&mut delivery, Timestamp(DAY_ONE.0 + day * DAY))
            .expect("reads");
        file.end += 50;
        delivery.expire(Timestamp(DAY_ONE.0 + (day + 1) * DAY)).expect("drops");
    }
    let end = file.at;
    file.end = end;
    let mut server = Server::default();
    drive(&mut delivery, &mut server, &mut [file], DAY_ONE);
    assert_eq!(server.check("file", end), end);
}

/// The server is put back to an older state while the spool is full of what comes later.
#[test]
fn a_full_spool_and_a_server_put_back_do_not_block_for_ever() {
    for forget_at in [0, 400, 900] {
        let mut delivery = open(&MemDisk::new(), small());
        let mut feeds = [
            Feed::new("file", false, forget_at),
            Feed::new("process", true, forget_at),
        ];
        let mut server = Server::default();
        drive(&mut delivery, &mut server, &mut feeds, DAY_ONE);
        let backup = server.clone();
        for feed in &mut feeds {
            feed.end = 1500;
        }
        drive(&mut delivery, &mut server, &mut feeds, DAY_ONE);
        delivery.settle().expect("settles");
        // The server goes away, the spool fills, and the server comes back as it was.
        for feed in &mut feeds {
            feed.end = 4000;
        }
        assert!(!feeds[0].read(&mut delivery, DAY_ONE).expect("reads"), "the file waits");
        let mut server = backup;
        drive(&mut delivery, &mut server, &mut feeds, DAY_ONE);
        assert_eq!(server.check("file", 4000), 0, "a file is read again");
        let missing = server.check("process", 4000);
        assert!(
            missing >= 1500 - forget_at,
            "what nobody holds any more is declared: {missing}"
        );
    }
}

#[test]
fn a_conflict_on_a_full_spool_moves_what_fits_and_reads_or_declares_the_rest() {
    for live in [false, true] {
        let mut delivery = open(&MemDisk::new(), small());
        let mut feed = Feed::new("s", live, 100);
        feed.read(&mut delivery, DAY_ONE).expect("reads");
        if !live {
            feed.end = 3000;
            assert!(!feed.read(&mut delivery, DAY_ONE).expect("reads"));
        }
        while live && delivery.backlog().spool_bytes < 24 * 1024 {
            feed.end += 5;
            feed.read(&mut delivery, DAY_ONE).expect("reads");
        }
        let request = delivery.next_request().expect("readable").expect("something waits");
        let cursor = StreamCursor {
            stream: feed.key.stream.clone(),
            epoch: feed.key.epoch,
            cursor: 9,
            outcome: Outcome::Conflict,
        };
        let answer = Answer::Judged(DataResponse {
            cursors: vec![cursor],
            ..DataResponse::default()
        });
        delivery
            .answered(&request, answer, DAY_ONE)
            .expect("a new epoch, though there is no room for all of it");
        let end = feed.end;
        let mut server = Server::default();
        drive(&mut delivery, &mut server, &mut [feed], DAY_ONE);
        let missing = server.check("s", end);
        assert_eq!(missing > 0, live, "{missing} of {end}");
    }
}

#[test]
fn a_full_disk_declares_what_cannot_wait_when_it_is_dropped() {
    // The ledger's own limit is far away: it is the file system that must keep some room free.
    let options = SpoolOptions {
        max_bytes: 1 << 30,
        keep_free: watchpost_kit::Amount::Percent(100.0),
        ..small()
    };
    let mut delivery = open(&MemDisk::new(), options);
    let feed = Feed::new("process", true, 5);
    let refused = delivery.take_live(&feed.batch(0, 5), DAY_ONE);
    assert!(matches!(refused, Err(DeliveryError::NoRoom { .. })), "{refused:?}");
    assert!(delivery.is_idle());
}

#[test]
fn the_server_is_not_asked_twice_for_one_hole() {
    let mut delivery = open(&MemDisk::new(), small());
    let mut file = Feed::new("file", false, 2000);
    file.read(&mut delivery, DAY_ONE).expect("reads");
    let live = Feed::new("process", true, 5);
    for at in 0..400 {
        delivery
            .take_live(&live.batch(at * 5, at * 5 + 5), DAY_ONE)
            .expect("room is made");
    }
    for _ in 0..3 {
        delivery
            .learn_streams(&StreamsResponse::default(), DAY_ONE)
            .expect("learns");
    }
    let rewinds = delivery
        .orders()
        .into_iter()
        .filter(|order| matches!(order, Order::Rewind { key, .. } if key.stream.to_string() == "file"));
    assert_eq!(rewinds.count(), 1);
}
