//! Shutdown, supervision and metrics.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use watchpost_kit::SystemClock;
use watchpost_run::metrics::{CounterDef, GaugeDef, HistogramDef, Registry};
use watchpost_run::{Policy, Shutdown, Supervisor, TaskState};

const LONG: Duration = Duration::from_secs(20);

fn supervisor() -> Supervisor {
    Supervisor::new(Shutdown::new(), Arc::new(SystemClock::new()))
}

#[test]
fn shutdown_wakes_threads_and_tasks() {
    let shutdown = Shutdown::new();
    assert!(!shutdown.wait_timeout(Duration::from_millis(1)) && !shutdown.is_triggered());
    let thread = std::thread::spawn({
        let shutdown = shutdown.clone();
        move || shutdown.wait_timeout(LONG)
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.wait().await }
        });
        tokio::task::yield_now().await;
        shutdown.trigger();
        waiting.await.unwrap();
        shutdown.wait().await;
    });
    assert!(thread.join().unwrap());
    shutdown.wait_blocking();
    assert!(shutdown.clone().is_triggered());
}

#[test]
fn a_thread_that_panics_or_fails_is_started_again() {
    let supervisor = supervisor();
    let (sender, receiver) = mpsc::sync_channel(16);
    let mut starts = 0;
    supervisor
        .thread("worker", Policy::Restart, move |shutdown| {
            starts += 1;
            sender.send(starts)?;
            match starts {
                1 => panic!("first"),
                2 => Err("second".into()),
                3 => Ok(()),
                _ => {
                    shutdown.wait_blocking();
                    Ok(())
                }
            }
        })
        .unwrap();
    for expected in 1..=4 {
        assert_eq!(receiver.recv_timeout(LONG).unwrap(), expected);
    }
    let status = supervisor.status().remove(0);
    assert_eq!((status.restarts, status.state), (3, TaskState::Running));
    assert_eq!(status.last_error.unwrap(), "it returned before shutdown");
    supervisor.shutdown().trigger();
    supervisor.join_all(LONG).unwrap();
    assert_eq!(supervisor.status()[0].state, TaskState::Ended);
    assert!(supervisor.escalation().is_none());
}

#[test]
fn what_the_process_cannot_do_without_ends_it() {
    #[derive(Debug, thiserror::Error)]
    #[error("cannot write")]
    struct Failed(#[source] std::io::Error);

    let supervisor = supervisor();
    supervisor
        .thread("ledger", Policy::Escalate, |_| {
            Err(Failed(std::io::Error::other("disk full")).into())
        })
        .unwrap();
    assert!(supervisor.shutdown().wait_timeout(LONG));
    supervisor.join_all(LONG).unwrap();
    let escalation = supervisor.escalation().unwrap();
    assert_eq!(escalation.to_string(), "`ledger` ended: cannot write: disk full");
}

#[test]
fn tasks_are_supervised_as_threads_are() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let supervisor = supervisor();
    let (sender, receiver) = mpsc::sync_channel(16);
    let starts = Arc::new(AtomicU64::new(0));
    supervisor.task(runtime.handle(), "reader", Policy::Restart, move |shutdown| {
        let start = starts.fetch_add(1, Ordering::SeqCst);
        let sender = sender.clone();
        async move {
            sender.send(start)?;
            assert!(start != 0, "first");
            shutdown.wait().await;
            Ok(())
        }
    });
    supervisor.task(runtime.handle(), "job", Policy::Once, |_| async { Ok(()) });
    for expected in 0..2 {
        assert_eq!(receiver.recv_timeout(LONG).unwrap(), expected);
    }
    supervisor.shutdown().trigger();
    supervisor.join_all(LONG).unwrap();
    let status = supervisor.status();
    assert_eq!(status.len(), 1, "the job is done and forgotten: {status:?}");
    assert_eq!(status[0].last_error.as_deref(), Some("panic: first"));
}

#[test]
fn joining_names_what_hangs() {
    let supervisor = supervisor();
    let (release, blocked) = mpsc::sync_channel::<()>(1);
    supervisor
        .thread("stuck", Policy::Once, move |_| {
            let _ = blocked.recv();
            Ok(())
        })
        .unwrap();
    supervisor.thread("fine", Policy::Once, |_| Ok(())).unwrap();
    supervisor.shutdown().trigger();
    let deadline = Duration::from_millis(1);
    let hanging = loop {
        let hanging = supervisor.join_all(deadline).unwrap_err();
        if hanging.names.len() == 1 {
            break hanging;
        }
    };
    assert_eq!(hanging.to_string(), "still running at the deadline: stuck");
    drop(release);
    supervisor.join_all(LONG).unwrap();
}

/// Takes its time to go.
struct Slow {
    goes: mpsc::SyncSender<()>,
    may: mpsc::Receiver<()>,
}

impl Drop for Slow {
    fn drop(&mut self) {
        let _ = self.goes.send(());
        let _ = self.may.recv_timeout(LONG);
    }
}

fn slow() -> (Slow, mpsc::Receiver<()>, mpsc::SyncSender<()>) {
    let (goes, going) = mpsc::sync_channel(1);
    let (permit, may) = mpsc::sync_channel(1);
    (Slow { goes, may }, going, permit)
}

/// What a body held (a lock, a file) is free again when it counts as ended.
#[test]
fn nothing_has_ended_that_still_holds_something() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    for is_thread in [true, false] {
        let supervisor = supervisor();
        let (held, going, permit) = slow();
        if is_thread {
            let body = move |_: &Shutdown| {
                let _ = &held;
                Ok(())
            };
            supervisor.thread("store", Policy::Once, body).unwrap();
        } else {
            let make = move |_| {
                let _ = &held;
                async { Ok(()) }
            };
            supervisor.task(runtime.handle(), "store", Policy::Once, make);
        }
        going.recv_timeout(LONG).unwrap();
        assert!(supervisor.join_all(Duration::from_millis(1)).is_err());
        permit.send(()).unwrap();
        supervisor.join_all(LONG).unwrap();
    }
}

#[test]
fn metrics_render_as_prometheus_text() {
    const BATCHES: CounterDef = CounterDef::new("wp_batches_total", "Batches\naccepted.");
    const OPEN: GaugeDef = GaugeDef::new("wp_open", "Open files.");
    const TIME: HistogramDef = HistogramDef::new("wp_seconds", "Time.", &[0.1, 1.0]);
    let registry = Registry::new();
    registry.counter(&BATCHES, &[("agent", "a\"b\\c\nd")]).add(2);
    registry.counter(&BATCHES, &[("agent", "a\"b\\c\nd")]).inc();
    registry.gauge(&OPEN, &[]).set(7);
    registry.gauge(&OPEN, &[]).add(-9);
    let time = registry.histogram(&TIME, &[("step", "sync")]);
    for value in [0.1, 0.5, 30.0] {
        time.observe(value);
    }
    time.observe_duration(Duration::from_millis(400));
    assert_eq!(time.count(), 4);
    let expected = r#"# HELP wp_batches_total Batches\naccepted.
# TYPE wp_batches_total counter
wp_batches_total{agent="a\"b\\c\nd"} 3
# HELP wp_open Open files.
# TYPE wp_open gauge
wp_open -2
# HELP wp_seconds Time.
# TYPE wp_seconds histogram
wp_seconds_bucket{step="sync",le="0.1"} 1
wp_seconds_bucket{step="sync",le="1"} 3
wp_seconds_bucket{step="sync",le="+Inf"} 4
wp_seconds_sum{step="sync"} 31
wp_seconds_count{step="sync"} 4
"#;
    assert_eq!(registry.render(), expected);
}

#[test]
fn labels_from_outside_cannot_fill_the_memory() {
    const SEEN: CounterDef = CounterDef::new("wp_seen_total", "Seen.");
    let registry = Registry::new();
    for n in 0..5_000 {
        registry.counter(&SEEN, &[("name", &n.to_string())]).inc();
    }
    let text = registry.render();
    assert_eq!(text.lines().count(), 2 + 1_001);
    assert!(text.contains("wp_seen_total{overflow=\"true\"} 4000\n"));
}
