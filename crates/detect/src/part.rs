//! A part of what the texts hold: to try one rule, thousands of others need not be compiled.

use rsigma_parser::SigmaRule;

use crate::compile::{Parsed, head_of};
use crate::correlate::head;
use crate::{Disabled, Problem, Rule, RuleText, Rules};

impl Rules {
    /// Compiles the rules that are wanted and those that wanted correlations count. Filters hold whichever text they
    /// stand in. Of two rules with one id the first counts.
    pub fn compile_part(texts: &[RuleText], wanted: impl Fn(&Rule) -> bool) -> (Self, Vec<Problem>) {
        Self::put_together(texts, &Disabled::default(), |parsed| keep(parsed, &wanted))
    }
}

fn keep(parsed: &mut Parsed, wanted: &dyn Fn(&Rule) -> bool) {
    parsed.correlations.retain(|(file, sigma)| wanted(&head(file, sigma)));
    let correlations = parsed.correlations.iter();
    let counted: Vec<String> = correlations.flat_map(|(_, sigma)| sigma.rules.clone()).collect();
    // What cannot be read is kept, to be named.
    let needed = |file: &str, sigma: &SigmaRule| head_of(file, sigma).map_or(true, |rule| wanted(&rule));
    parsed
        .rules
        .retain(|(file, sigma)| is_counted(sigma, &counted) || needed(file, sigma));
}

fn is_counted(sigma: &SigmaRule, counted: &[String]) -> bool {
    let called = [sigma.id.as_ref(), sigma.name.as_ref(), Some(&sigma.title)];
    called.into_iter().flatten().any(|name| counted.contains(name))
}
