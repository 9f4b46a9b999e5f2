//! The rules in use, and those that take their place when a file changes.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use watchpost_detect::{Problem, Rule, RuleText, Rules, builtin};
use watchpost_event::Timestamp;

use super::load::{self, RuleFile};

/// How often folders are looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);
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
    /// Why a newer state of the files is not in use.
    pub(crate) refused: Option<String>,
}

/// The rules in use. One thread changes them, everybody may look.
pub(crate) struct RuleBook {
    places: RulePlaces,
    current: Mutex<(Arc<Rules>, RuleReport)>,
    seen: Mutex<Vec<RuleFile>>,
}

impl RuleBook {
    /// Loads what can be loaded: a server starts with the rules that work rather than not at all.
    pub(crate) fn open(places: RulePlaces, now: Timestamp) -> Self {
        let files = load::find(&places.paths).unwrap_or_else(|error| {
            tracing::error!(%error, "Cannot look for rules");
            Vec::new()
        });
        for path in places.paths.iter().filter(|path| !path.exists()) {
            tracing::info!(path = %path.display(), "There are no rules here yet");
        }
        let (rules, problems) = compile(&places, &files);
        for problem in problems.iter().take(PROBLEMS_MAX) {
            tracing::error!("Rule left out: {problem}");
        }
        tracing::info!(rules = rules.len(), left_out = problems.len(), "Rules loaded");
        let report = RuleReport {
            loaded: now,
            problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
            refused: None,
        };
        Self {
            places,
            current: Mutex::new((Arc::new(rules), report)),
            seen: Mutex::new(files),
        }
    }

    /// The rules in use.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// What is in use and what is not.
    pub(crate) fn report(&self) -> RuleReport {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// The text of the file a rule stands in; reads the disk.
    pub(crate) fn text_of(&self, rule: &Rule) -> Option<String> {
        if let Some(name) = rule.file.strip_prefix("builtin:") {
            let known = builtin().iter().find(|known| known.name == name);
            return known.map(|known| known.text.to_owned());
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let file = seen.iter().find(|file| file.path.display().to_string() == rule.file)?;
        load::read(file).ok().map(|text| text.text)
    }

    /// Takes over what has changed in the folders. A set with a broken rule is not taken: the old one stays, and the
    /// report and the log say why.
    pub(crate) fn look(&self, now: Timestamp) {
        let files = match load::find(&self.places.paths) {
            Ok(files) => files,
            Err(error) => return self.refuse(format!("the folders cannot be read: {error}")),
        };
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == files {
                return;
            }
            seen.clone_from(&files);
        }
        let (rules, problems) = compile(&self.places, &files);
        if let Some(broken) = problems.iter().find(|problem| !problem.unsupported) {
            return self.refuse(broken.to_string());
        }
        tracing::info!(rules = rules.len(), left_out = problems.len(), "Rules changed");
        let report = RuleReport {
            loaded: now,
            problems: problems.into_iter().take(PROBLEMS_MAX).collect(),
            refused: None,
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = (Arc::new(rules), report);
    }

    fn refuse(&self, why: String) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.1.refused.as_ref() != Some(&why) {
            tracing::error!("The changed rules are not used, the old ones stay: {why}");
        }
        current.1.refused = Some(why);
    }
}

fn compile(places: &RulePlaces, files: &[RuleFile]) -> (Rules, Vec<Problem>) {
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
    let (rules, mut problems) = Rules::compile(&texts);
    problems.extend(unreadable);
    drop(texts);
    // Reading thousands of rules takes several times what they are.
    watchpost_run::memory::give_back();
    (rules, problems)
}
