//! Correlations of a set: what they count is found first, a correlation that counts others after those.

use std::collections::HashSet;
use std::sync::Arc;

use rsigma_parser::CorrelationRule;

use crate::compile::{Disabled, problem, unsupported};
use crate::correlate::{Correlation, Part, head};
use crate::{Problem, Rules};

/// A correlation and its file.
type Written = (String, CorrelationRule);

impl Rules {
    /// Adds them. `off`: what rules that are switched off are called.
    pub(crate) fn add_correlations(
        &mut self,
        written: &[Written],
        disabled: &Disabled,
        mut off: HashSet<String>,
        problems: &mut Vec<Problem>,
    ) {
        let mut waiting: Vec<&Written> = Vec::new();
        for one in written {
            if disabled.has(key_of(&one.1)) {
                off.extend(names_of(&one.1).map(str::to_owned));
                self.off.push(Arc::new(head(&one.0, &one.1)));
            } else {
                waiting.push(one);
            }
        }
        while !waiting.is_empty() {
            let expected: HashSet<&str> = waiting.iter().flat_map(|one| names_of(&one.1)).collect();
            let is_early = |one: &&Written| {
                let unknown = |part: &String| self.find(part).is_none() && expected.contains(part.as_str());
                one.1.rules.iter().any(unknown)
            };
            let (early, ready): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(is_early);
            if ready.is_empty() {
                for (file, sigma) in early {
                    let message = "it counts a correlation that counts it, at last".to_owned();
                    problems.push(problem(file, &sigma.title, message));
                }
                return;
            }
            for (file, sigma) in ready {
                problems.extend(self.add_correlation(file, sigma, &mut off).err());
            }
            waiting = early;
        }
    }

    fn add_correlation(
        &mut self,
        file: &str,
        sigma: &CorrelationRule,
        off: &mut HashSet<String>,
    ) -> Result<(), Problem> {
        if let Some(part) = sigma.rules.iter().find(|part| off.contains(*part)) {
            let message = format!("it counts rule {part:?}, which is switched off");
            off.extend(names_of(sigma).map(str::to_owned));
            return Err(unsupported(file, &sigma.title, message));
        }
        let correlation = Correlation::compile(file, sigma, |reference| self.find(reference))?;
        let key = correlation.rule.key.clone();
        if self.correlations.contains_key(&key) || self.known.contains_key(&key) {
            let message = format!("its id {key:?} is taken by another rule: give it an id of its own");
            return Err(problem(file, &sigma.title, message));
        }
        for part in &correlation.parts {
            // The specification's `generate`: whether the parts are detections too.
            if let Some(known) = self.known.get_mut(part) {
                known.parts.push(key.clone());
                known.alone &= sigma.generate;
            } else if let Some(counted) = self.correlations.get_mut(part) {
                counted.counted_by.push(key.clone());
                counted.alone &= sigma.generate;
            }
        }
        self.correlations.insert(key, correlation);
        Ok(())
    }

    /// Resolves what a correlation refers to: an id, a name or a title.
    fn find(&self, reference: &str) -> Option<Part<'_>> {
        if let Some(known) = self.known.get(reference) {
            return Some(Part::Rule(&known.rule));
        }
        if let Some(known) = self.correlations.get(reference) {
            return Some(Part::Correlation(known));
        }
        let is_named = |rule: &crate::Rule| rule.name.as_deref() == Some(reference) || rule.title == reference;
        let rule = self.known.values().find(|known| is_named(&known.rule));
        let correlation = || self.correlations.values().find(|known| is_named(&known.rule));
        match rule {
            Some(known) => Some(Part::Rule(&known.rule)),
            None => correlation().map(Part::Correlation),
        }
    }
}

fn key_of(sigma: &CorrelationRule) -> &str {
    sigma.id.as_ref().unwrap_or(&sigma.title)
}

/// Everything a correlation may be referred to by.
fn names_of(sigma: &CorrelationRule) -> impl Iterator<Item = &str> {
    let all = [sigma.id.as_deref(), sigma.name.as_deref(), Some(sigma.title.as_str())];
    all.into_iter().flatten()
}
