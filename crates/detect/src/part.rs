//! A part of what the texts hold: to try one rule, thousands of others need not be compiled.

use rsigma_parser::{CorrelationRule, SigmaRule};

use crate::beyond::Beyond;
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
    parsed
        .ours
        .retain(|(file, text)| Beyond::rule_of(file, text).is_none_or(|rule| wanted(&rule)));
    let counted = keep_correlations(&mut parsed.correlations, wanted);
    // What cannot be read is kept, to be named.
    let needed = |file: &str, sigma: &SigmaRule| head_of(file, sigma).map_or(true, |rule| wanted(&rule));
    parsed
        .rules
        .retain(|(file, sigma)| is_counted(sigma, &counted) || needed(file, sigma));
}

/// Those that are wanted and those they count, and what all of them count.
fn keep_correlations(all: &mut Vec<(String, CorrelationRule)>, wanted: &dyn Fn(&Rule) -> bool) -> Vec<String> {
    let (mut kept, mut rest): (Vec<_>, Vec<_>) = all.drain(..).partition(|(file, sigma)| wanted(&head(file, sigma)));
    loop {
        let counted: Vec<String> = kept.iter().flat_map(|(_, sigma)| sigma.rules.clone()).collect();
        let is_part = |one: &(String, CorrelationRule)| {
            let sigma = &one.1;
            is_called([sigma.id.as_ref(), sigma.name.as_ref(), Some(&sigma.title)], &counted)
        };
        let (parts, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_part);
        if parts.is_empty() {
            *all = kept;
            return counted;
        }
        kept.extend(parts);
        rest = others;
    }
}

fn is_counted(sigma: &SigmaRule, counted: &[String]) -> bool {
    is_called([sigma.id.as_ref(), sigma.name.as_ref(), Some(&sigma.title)], counted)
}

fn is_called(names: [Option<&String>; 3], counted: &[String]) -> bool {
    names.into_iter().flatten().any(|name| counted.contains(name))
}
