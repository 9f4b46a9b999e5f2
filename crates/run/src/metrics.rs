//! The process's own metrics, rendered as Prometheus text (exposition format 0.0.4).
//!
//! Definitions are constants, so that a name is written once and checked when compiled; values live in a [`Registry`],
//! so that an agent and a server in one process, and every test, have their own.
//!
//! ```
//! use watchpost_run::metrics::{CounterDef, Registry};
//!
//! const BATCHES: CounterDef = CounterDef::new("watchpost_batches_total", "Batches accepted.");
//! let registry = Registry::new();
//! registry.counter(&BATCHES, &[("result", "kept")]).add(3);
//! assert!(registry.render().contains("watchpost_batches_total{result=\"kept\"} 3\n"));
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// More series of one name than this share one series labelled `overflow`: labels may come from outside.
const SERIES_MAX: usize = 1_000;

/// Upper bounds in seconds that suit requests and disk work.
pub const SECONDS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

macro_rules! definition {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            name: &'static str,
            help: &'static str,
        }

        impl $name {
            /// A definition; a name that Prometheus would refuse does not compile.
            pub const fn new(name: &'static str, help: &'static str) -> Self {
                assert!(is_name(name), "metric names are lower-case ASCII words joined by _");
                Self { name, help }
            }
        }
    };
}

definition! {
    /// A number that only rises; its name ends in `_total`.
    CounterDef
}
definition! {
    /// A number that rises and falls.
    GaugeDef
}

/// A distribution over fixed buckets.
#[derive(Clone, Copy, Debug)]
pub struct HistogramDef {
    name: &'static str,
    help: &'static str,
    bounds: &'static [f64],
}

impl HistogramDef {
    /// A definition with the buckets' upper bounds, rising; the last bucket, without bound, is implied.
    pub const fn new(name: &'static str, help: &'static str, bounds: &'static [f64]) -> Self {
        assert!(is_name(name), "metric names are lower-case ASCII words joined by _");
        Self { name, help, bounds }
    }
}

const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut n = 0;
    while n < bytes.len() {
        let letter = bytes[n].is_ascii_lowercase() || bytes[n] == b'_';
        if !(letter || (n > 0 && bytes[n].is_ascii_digit())) {
            return false;
        }
        n += 1;
    }
    n > 0
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn inc(&self) {
        self.add(1);
    }

    /// Counts `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The count.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One gauge.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Changes the value.
    pub fn add(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One histogram.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    /// One more than bounds; not cumulative.
    buckets: Vec<AtomicU64>,
    /// The bits of an f64.
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Adds one value.
    pub fn observe(&self, value: f64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |sum| Some((f64::from_bits(sum) + value).to_bits());
        // Always `Ok`: the closure never gives up.
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Adds a duration, in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// How many values there were.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }
}

#[derive(Clone, Debug)]
enum Metric {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    /// By labels as rendered.
    series: BTreeMap<String, Metric>,
}

/// All metrics of one role. Clones share it. Keep the handles it gives out: asking takes a lock, counting does not.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    families: Arc<Mutex<BTreeMap<&'static str, Family>>>,
}

impl Registry {
    /// A registry without metrics.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter with these labels, made when new.
    pub fn counter(&self, def: &CounterDef, labels: &[(&str, &str)]) -> Arc<Counter> {
        if let Metric::Counter(counter) = self.metric(def.name, def.help, labels, || Metric::Counter(Arc::default())) {
            return counter;
        }
        report_clash(def.name);
        Arc::default()
    }

    /// The gauge with these labels, made when new.
    pub fn gauge(&self, def: &GaugeDef, labels: &[(&str, &str)]) -> Arc<Gauge> {
        if let Metric::Gauge(gauge) = self.metric(def.name, def.help, labels, || Metric::Gauge(Arc::default())) {
            return gauge;
        }
        report_clash(def.name);
        Arc::default()
    }

    /// The histogram with these labels, made when new.
    pub fn histogram(&self, def: &HistogramDef, labels: &[(&str, &str)]) -> Arc<Histogram> {
        let make = || Metric::Histogram(Arc::new(Histogram::new(def.bounds)));
        if let Metric::Histogram(histogram) = self.metric(def.name, def.help, labels, make) {
            return histogram;
        }
        report_clash(def.name);
        Arc::new(Histogram::new(def.bounds))
    }

    fn metric(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        make: impl FnOnce() -> Metric,
    ) -> Metric {
        let mut families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        let family = families.entry(name).or_insert_with(|| Family {
            help,
            series: BTreeMap::new(),
        });
        let mut key = label_text(labels);
        if family.series.len() >= SERIES_MAX && !family.series.contains_key(&key) {
            key = label_text(&[("overflow", "true")]);
        }
        family.series.entry(key).or_insert_with(make).clone()
    }

    /// Everything as Prometheus text.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let families = self.families.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, family) in &*families {
            let kind = match family.series.values().next() {
                Some(Metric::Counter(_)) => "counter",
                Some(Metric::Gauge(_)) => "gauge",
                Some(Metric::Histogram(_)) => "histogram",
                None => continue,
            };
            let help = family.help.replace('\\', "\\\\").replace('\n', "\\n");
            line(&mut out, format_args!("# HELP {name} {help}"));
            line(&mut out, format_args!("# TYPE {name} {kind}"));
            for (labels, metric) in &family.series {
                match metric {
                    Metric::Counter(counter) => sample(&mut out, name, labels, counter.get()),
                    Metric::Gauge(gauge) => sample(&mut out, name, labels, gauge.get()),
                    Metric::Histogram(histogram) => render_histogram(&mut out, name, labels, histogram),
                }
            }
        }
        out
    }
}

/// One name, two kinds: a mistake in the program, harmless to the running one.
fn report_clash(name: &str) {
    tracing::error!(name, "Metric is already registered as another kind");
}

fn render_histogram(out: &mut String, name: &str, labels: &str, histogram: &Histogram) {
    let comma = if labels.is_empty() { "" } else { "," };
    let mut cumulative = 0;
    for (n, bucket) in histogram.buckets.iter().enumerate() {
        cumulative += bucket.load(Ordering::Relaxed);
        let bound = histogram
            .bounds
            .get(n)
            .map_or_else(|| "+Inf".to_owned(), ToString::to_string);
        line(
            out,
            format_args!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {cumulative}"),
        );
    }
    let sum = f64::from_bits(histogram.sum.load(Ordering::Relaxed));
    sample(out, &format!("{name}_sum"), labels, sum);
    sample(out, &format!("{name}_count"), labels, cumulative);
}

fn sample(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    if labels.is_empty() {
        line(out, format_args!("{name} {value}"));
    } else {
        line(out, format_args!("{name}{{{labels}}} {value}"));
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn label_text(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        if !text.is_empty() {
            text.push(',');
        }
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{name}=\"{value}\"");
    }
    text
}
