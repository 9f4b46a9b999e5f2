//! The rules in use, and those that take their place when a file changes or people change one here.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use watchpost_catalog::{Catalog, CatalogError, Managed, OwnRule};
use watchpost_detect::{Problem, Rule, RuleText, Rules, builtin};
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, chain};
use watchpost_run::Shutdown;

use super::load::{self, RuleFile};
use super::managed::{self, Exceptions, RuleTallies};

/// How often folders and the catalog are looked at …
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
/// … and folders so seldom that it takes one part in so many of the time, however many files they hold.
const LOOK_SHARE: u32 = 400;
/// … but not more seldom than this: a disk that was slow once must not keep changed rules out.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(30);
/// Problems named at most.
const PROBLEMS_MAX: usize = 200;

/// Where rules come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct RulePlaces {
    /// Files and folders.
    pub(crate) paths: Vec<PathBuf>,
    /// With those that come with the program.
    pub(crate) builtin: bool,
}

/// What is in use, for reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleReport {
    /// When these rules were loaded.
    pub(crate) loaded: Timestamp,
    /// Rules that cannot be used.
    pub(crate) problems: Vec<Problem>,
    /// Why a newer state of the rules is not in use.
    pub(crate) refused: Option<String>,
}

/// The rules in use. One thread changes them, everybody may look.
pub(crate) struct RuleBook {
    places: RulePlaces,
    catalog: Catalog,
    current: Mutex<(Arc<Rules>, RuleReport)>,
    /// What people made of them, as the catalog last said.
    managed: Mutex<(Arc<Managed>, Arc<Exceptions>)>,
    /// What the current rules were made of, or would have been when they are refused.
    seen: Mutex<Seen>,
    tallies: Mutex<RuleTallies>,
}

/// What rules are made of.
struct Seen {
    files: Vec<RuleFile>,
    managed: Arc<Managed>,
    /// When folders were last looked at, by the monotonic clock; zero for never.
    looked: Duration,
    /// How long that took.
    looking: Duration,
    /// They could not be read since rules were last made of them.
    unreadable: bool,
}

impl Seen {
    /// Takes over what the folders hold, where that is known, and what people made of rules. The files, if rules have to
    /// be made of them anew.
    fn take_over(&mut self, files: Option<Vec<RuleFile>>, managed: &Arc<Managed>) -> Option<Vec<RuleFile>> {
        let again = files.is_some() && std::mem::take(&mut self.unreadable);
        let changed = files.filter(|files| again || *files != self.files);
        if changed.is_none() && makes_the_same(&self.managed, managed) {
            return None;
        }
        if let Some(files) = changed {
            self.files = files;
        }
        self.managed = managed.clone();
        Some(self.files.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RuleBook {
    /// Loads what can be loaded: a server starts with the rules that work rather than not at all.
    pub(crate) fn open(places: RulePlaces, catalog: Catalog, managed: Managed, now: Timestamp) -> Self {
        let files = load::find(&places.paths).unwrap_or_else(|error| {
            tracing::error!(%error, "Cannot look for rules");
            Vec::new()
        });
        for path in places.paths.iter().filter(|path| !path.exists()) {
            tracing::info!(path = %path.display(), "There are no rules here yet");
        }
        let (rules, problems) = compile(&places, &files, &managed);
        for problem in problems.iter().take(PROBLEMS_MAX) {
            tracing::error!("Rule left out: {problem}");
        }
        tracing::info!(rules = rules.len(), left_out = problems.len(), "Rules loaded");
        let report = RuleReport {
            loaded: now,
            problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
            refused: None,
        };
        let exceptions = Arc::new(Exceptions::read(&managed));
        let managed = Arc::new(managed);
        Self {
            places,
            catalog,
            current: Mutex::new((Arc::new(rules), report)),
            managed: Mutex::new((managed.clone(), exceptions)),
            seen: Mutex::new(Seen {
                files,
                managed,
                looked: Duration::ZERO,
                looking: Duration::ZERO,
                unreadable: false,
            }),
            tallies: Mutex::default(),
        }
    }

    /// The rules in use.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        lock(&self.current).0.clone()
    }

    /// What they are not to find.
    pub(crate) fn exceptions(&self) -> Arc<Exceptions> {
        lock(&self.managed).1.clone()
    }

    /// What people made of them.
    pub(crate) fn managed(&self) -> Arc<Managed> {
        lock(&self.managed).0.clone()
    }

    /// What is in use and what is not.
    pub(crate) fn report(&self) -> RuleReport {
        lock(&self.current).1.clone()
    }

    /// What the rules did.
    pub(crate) fn tallies(&self) -> MutexGuard<'_, RuleTallies> {
        lock(&self.tallies)
    }

    /// The text a rule stands in; reads the disk.
    pub(crate) fn text_of(&self, rule: &Rule) -> Option<String> {
        if let Some(name) = rule.file.strip_prefix("builtin:") {
            let known = builtin().iter().find(|known| known.name == name);
            return known.map(|known| known.text.to_owned());
        }
        if let Some(key) = managed::own_key(&rule.file) {
            let managed = self.managed();
            return managed
                .own
                .iter()
                .find(|own| own.rule == key)
                .map(|own| own.body.clone());
        }
        let seen = lock(&self.seen).files.clone();
        let file = seen.iter().find(|file| file.path.display().to_string() == rule.file)?;
        load::read(file).ok().map(|text| text.text)
    }

    /// All texts there are now, those of people included; reads the disk. What cannot be read is left out.
    pub(crate) fn texts(&self) -> Vec<RuleText> {
        let files = lock(&self.seen).files.clone();
        texts(&self.places, &files, &self.managed()).0
    }

    /// What would be wrong with the rules in use, if there were this text under a key, or none.
    pub(crate) fn try_with(&self, key: &str, body: Option<&str>) -> Vec<Problem> {
        let files = lock(&self.seen).files.clone();
        let now = self.managed();
        let (_, before) = compile(&self.places, &files, &now);
        let mut changed = Managed::clone(&now);
        changed.own.retain(|own| own.rule != key);
        changed.own.extend(body.map(|body| OwnRule {
            rule: key.to_owned(),
            version: 0,
            deleted: false,
            body: body.to_owned(),
            note: String::new(),
            made_by: String::new(),
            made_ns: 0,
        }));
        let (_, mut problems) = compile(&self.places, &files, &changed);
        let own = managed::own_file(key);
        problems.retain(|problem| problem.file == own || !(problem.unsupported || before.contains(problem)));
        problems
    }

    /// Asks the catalog again, after a change. What is switched off or excepted is so at once; texts are compiled within
    /// a second.
    pub(crate) async fn refresh(&self, now: Timestamp) -> Result<(), CatalogError> {
        let managed = self.catalog.rules().managed(now.0).await?;
        let exceptions = Arc::new(Exceptions::read(&managed));
        // Of two at once the earlier may come last: its revision gives it away within a second.
        *lock(&self.managed) = (Arc::new(managed), exceptions);
        Ok(())
    }

    /// Looks whether the catalog has changed, every second until shutdown: another server may share it. One that does
    /// not answer leaves everything as it is.
    pub(crate) async fn follow(self: Arc<Self>, clock: Arc<dyn Clock>, shutdown: Shutdown) {
        let mut failing = false;
        loop {
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let changed = match self.catalog.rules().revision().await {
                Ok(revision) if revision == self.managed().revision => Ok(()),
                Ok(_) => self.refresh(Timestamp(clock.now())).await,
                Err(error) => Err(error),
            };
            if let (Err(error), false) = (&changed, failing) {
                tracing::warn!(
                    error = chain(error),
                    "Cannot look for changed rules; those known stay in use"
                );
            }
            failing = changed.is_err();
        }
    }

    /// Takes over what has changed in the folders and in the catalog. A set with a broken rule is not taken: the old one
    /// stays, and the report and the log say why. What is switched off is so all the same.
    pub(crate) fn look(&self, clock: &dyn Clock) {
        let managed = self.managed();
        let files = match self.files(clock) {
            Ok(files) => files,
            Err(error) => {
                lock(&self.seen).unreadable = true;
                return self.refuse(format!("the folders cannot be read: {error}"));
            }
        };
        let Some(files) = lock(&self.seen).take_over(files, &managed) else {
            return;
        };
        let (rules, problems) = compile(&self.places, &files, &managed);
        if let Some(broken) = problems.iter().find(|problem| !problem.unsupported) {
            return self.refuse(broken.to_string());
        }
        tracing::info!(rules = rules.len(), left_out = problems.len(), "Rules changed");
        let report = RuleReport {
            loaded: Timestamp(clock.now()),
            problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
            refused: None,
        };
        let off = |key: &str| rules.switched_off().iter().any(|rule| rule.key == key);
        lock(&self.tallies).keep(|key| rules.rule(key).is_some() || off(key));
        *lock(&self.current) = (Arc::new(rules), report);
    }

    /// What the folders hold now; nothing where it is too early to look again.
    fn files(&self, clock: &dyn Clock) -> io::Result<Option<Vec<RuleFile>>> {
        let begun = clock.monotonic();
        {
            let mut seen = lock(&self.seen);
            let pause = seen.looking.saturating_mul(LOOK_SHARE).min(LOOK_EVERY_MAX);
            if begun.saturating_sub(seen.looked) < pause {
                return Ok(None);
            }
            seen.looked = begun;
        }
        let files = load::find(&self.places.paths);
        lock(&self.seen).looking = clock.monotonic().saturating_sub(begun);
        files.map(Some)
    }

    fn refuse(&self, why: String) {
        let mut current = lock(&self.current);
        if current.1.refused.as_ref() != Some(&why) {
            tracing::error!("The changed rules are not used, the old ones stay: {why}");
        }
        current.1.refused = Some(why);
    }
}

/// Whether the same rules come of it: exceptions need no compiling.
fn makes_the_same(a: &Managed, b: &Managed) -> bool {
    a.own == b.own && managed::disabled(a) == managed::disabled(b)
}

fn texts(places: &RulePlaces, files: &[RuleFile], managed: &Managed) -> (Vec<RuleText>, Vec<Problem>) {
    let mut texts: Vec<RuleText> = Vec::new();
    if places.builtin {
        texts.extend(builtin().iter().map(watchpost_detect::BuiltinRule::rule_text));
    }
    let mut unreadable = Vec::new();
    for file in files {
        match load::read(file) {
            Ok(text) => texts.push(text),
            Err(error) => unreadable.push(Problem {
                file: file.path.display().to_string(),
                rule: None,
                message: error.to_string(),
                unsupported: false,
            }),
        }
    }
    texts.extend(managed::own_texts(managed));
    (texts, unreadable)
}

fn compile(places: &RulePlaces, files: &[RuleFile], managed: &Managed) -> (Rules, Vec<Problem>) {
    let (texts, unreadable) = texts(places, files, managed);
    let (rules, mut problems) = Rules::compile_without(&texts, &managed::disabled(managed));
    problems.extend(unreadable);
    drop(texts);
    // Reading thousands of rules takes several times what they are.
    watchpost_run::memory::give_back();
    (rules, problems)
}
