//! How often a service is asked, over restarts and failures.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use watchpost_kit::ManualClock;
use watchpost_lookup::{AskError, Desk, Indicator, Opinion, ServiceSettings, Standing, Unanswered};
use watchpost_run::MemDisk;

use crate::virustotal::{Double, Mode};

/// 2026-11-22, noon.
const NOON: i64 = 1_795_348_800_000_000_000;

struct World {
    double: Double,
    disk: MemDisk,
    clock: Arc<ManualClock>,
    settings: ServiceSettings,
}

impl World {
    fn new(per_minute: u32, per_day: u32) -> Self {
        let double = Double::start();
        let mut settings = double.settings();
        (settings.allowance.per_minute, settings.allowance.per_day) = (per_minute, per_day);
        Self {
            double,
            disk: MemDisk::new(),
            clock: Arc::new(ManualClock::new(NOON)),
            settings,
        }
    }

    fn open(&self) -> Arc<Desk> {
        let disk = Arc::new(self.disk.clone());
        let opened = Desk::open(&self.settings, disk, Path::new("/lookup"), self.clock.clone());
        Arc::new(opened.unwrap())
    }
}

fn file() -> Indicator {
    Indicator::hash(&"a".repeat(64)).unwrap()
}

#[tokio::test]
async fn a_restart_does_not_begin_the_quota_anew() {
    let world = World::new(2, 3);
    let desk = world.open();
    for _ in 0..2 {
        assert_eq!(desk.ask(&file()).await.unwrap().opinion, Opinion::Malicious);
    }
    assert!(matches!(desk.ask(&file()).await, Err(Unanswered::Wait(wait)) if wait > Duration::from_secs(59)));
    drop(desk);
    let desk = world.open();
    assert_eq!(desk.used_today(), 2);
    assert!(
        matches!(desk.ask(&file()).await, Err(Unanswered::Wait(_))),
        "the minute is not over"
    );
    world.clock.advance(Duration::from_secs(61));
    desk.ask(&file()).await.unwrap();
    world.clock.advance(Duration::from_secs(61));
    let desk = world.open();
    assert!(matches!(desk.standing(), Standing::QuotaUsed { .. }), "three a day");
    assert!(matches!(desk.ask(&file()).await, Err(Unanswered::Wait(wait)) if wait > Duration::from_hours(11)));
    assert_eq!(world.double.requests().len(), 3);
    world.clock.advance(Duration::from_hours(12));
    desk.ask(&file()).await.unwrap();
    assert_eq!(desk.used_today(), 1);
}

#[tokio::test]
async fn a_request_counts_although_the_power_fails_before_its_answer() {
    let world = World::new(0, 5);
    let desk = world.open();
    world.double.set(Mode::Cut);
    let failed = desk.ask(&file()).await;
    assert!(
        matches!(failed, Err(Unanswered::Failed(AskError::Later { .. }))),
        "{failed:?}"
    );
    let after = World {
        disk: world.disk.crash(),
        ..world
    };
    assert_eq!(after.open().used_today(), 1);
}

#[tokio::test]
async fn what_the_service_refuses_for_its_quota_holds_beyond_a_restart() {
    let world = World::new(0, 0);
    world.double.set(Mode::Error(429, "QuotaExceededError", Some(120)));
    let desk = world.open();
    let refused = desk.ask(&file()).await;
    assert!(
        matches!(refused, Err(Unanswered::Failed(AskError::Quota { .. }))),
        "{refused:?}"
    );
    let desk = world.open();
    assert!(matches!(desk.ask(&file()).await, Err(Unanswered::Wait(_))));
    assert!(matches!(desk.standing(), Standing::QuotaUsed { .. }));
    world.double.set(Mode::Up);
    world.clock.advance(Duration::from_secs(121));
    desk.ask(&file()).await.unwrap();
    assert_eq!(desk.standing(), Standing::Ok);
}

#[tokio::test]
async fn a_service_that_fails_again_and_again_is_left_alone() {
    let world = World::new(0, 0);
    let desk = world.open();
    world.double.set(Mode::Error(503, "TransientError", None));
    for _ in 0..5 {
        assert!(matches!(desk.ask(&file()).await, Err(Unanswered::Failed(_))));
    }
    let asked = world.double.requests().len();
    assert!(matches!(desk.ask(&file()).await, Err(Unanswered::Wait(_))));
    assert!(matches!(desk.standing(), Standing::BreakerOpen { reason } if reason.contains("503")));
    assert_eq!(world.double.requests().len(), asked);
    world.double.set(Mode::Up);
    world.clock.advance(Duration::from_secs(61));
    desk.ask(&file()).await.unwrap();
    assert_eq!(desk.standing(), Standing::Ok);
}

#[tokio::test]
async fn a_refused_key_is_tried_again_after_an_hour() {
    let world = World::new(0, 0);
    let desk = world.open();
    world.double.set(Mode::Error(401, "WrongCredentialsError", None));
    assert!(matches!(
        desk.ask(&file()).await,
        Err(Unanswered::Failed(AskError::Refused { .. }))
    ));
    assert!(matches!(desk.standing(), Standing::KeyRefused { .. }));
    assert!(matches!(desk.ask(&file()).await, Err(Unanswered::Wait(wait)) if wait > Duration::from_mins(59)));
    world.double.set(Mode::Up);
    world.clock.advance(Duration::from_hours(1));
    desk.ask(&file()).await.unwrap();
    assert_eq!((desk.standing(), world.double.requests().len()), (Standing::Ok, 2));
}

#[tokio::test]
async fn what_was_used_and_cannot_be_read_does_not_stop_the_server() {
    let world = World::new(0, 0);
    world.open().ask(&file()).await.unwrap();
    world.disk.flip(Path::new("/lookup/virustotal.quota"), 3).unwrap();
    assert_eq!(world.open().used_today(), 0);
}
