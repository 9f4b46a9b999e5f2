//! Filters: conditions that stand in a document of their own and are added to rules (Sigma filters specification).

use rsigma_parser::{ConditionExpr, FilterRule, FilterRuleTarget, LogSource, SelectorPattern, SigmaRule};

use crate::Problem;
use crate::compile::problem;

/// Adds every filter to the rules it is for. One that is for no rule, or names one that is not there, is named.
pub(crate) fn apply(filters: &[(String, FilterRule)], rules: &mut [(String, SigmaRule)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, (file, filter)) in filters.iter().enumerate() {
        for message in apply_one(number, filter, rules) {
            problems.push(problem(file, &filter.title, message));
        }
    }
    problems
}

fn apply_one(number: usize, filter: &FilterRule, rules: &mut [(String, SigmaRule)]) -> Vec<String> {
    if filter.detection.conditions.is_empty() {
        return vec!["it has no condition".to_owned()];
    }
    let of_source = |rule: &SigmaRule| {
        filter
            .logsource
            .as_ref()
            .is_none_or(|source| contains(source, &rule.logsource))
    };
    match &filter.rules {
        FilterRuleTarget::Any => {
            let rules = rules.iter_mut().map(|(_, rule)| rule);
            rules
                .filter(|rule| of_source(rule))
                .for_each(|rule| add(number, filter, rule));
            Vec::new()
        }
        FilterRuleTarget::Specific(names) => {
            let mut messages = Vec::new();
            let mut done = Vec::new();
            for name in names {
                let Some(at) = rules.iter().position(|(_, rule)| is_called(rule, name)) else {
                    messages.push(format!("it is for rule {name:?}, which is not there"));
                    continue;
                };
                let rule = &mut rules[at].1;
                if !of_source(rule) {
                    messages.push(format!("its logsource is not that of rule {name:?}, for which it is"));
                } else if !done.contains(&at) {
                    done.push(at);
                    add(number, filter, rule);
                }
            }
            messages
        }
    }
}

fn is_called(rule: &SigmaRule, name: &str) -> bool {
    [rule.id.as_deref(), rule.name.as_deref(), Some(rule.title.as_str())].contains(&Some(name))
}

/// What the filter leaves open is, and what it names must be the rule's.
fn contains(filter: &LogSource, rule: &LogSource) -> bool {
    let part = |filter: &Option<String>, rule: &Option<String>| match (filter, rule) {
        (None, _) => true,
        (Some(filter), Some(rule)) => filter.eq_ignore_ascii_case(rule),
        (Some(_), None) => false,
    };
    part(&filter.product, &rule.product)
        && part(&filter.category, &rule.category)
        && part(&filter.service, &rule.service)
}

/// Names that no selector of a rule is likely to mean: `them` passes over what begins with an underscore.
fn inner_name(number: usize, name: &str) -> String {
    format!("_filter_{number}_{name}_")
}

fn add(number: usize, filter: &FilterRule, rule: &mut SigmaRule) {
    for (name, detection) in &filter.detection.named {
        rule.detection.named.insert(inner_name(number, name), detection.clone());
    }
    let conditions = filter.detection.conditions.iter();
    let more = ConditionExpr::Or(conditions.map(|condition| renamed(condition, number)).collect());
    for condition in &mut rule.detection.conditions {
        let own = own_only(condition);
        *condition = ConditionExpr::And(vec![own, more.clone()]);
    }
}

/// `1 of *` means the rule's own selections, not those of a filter.
fn own_only(condition: &ConditionExpr) -> ConditionExpr {
    let each = |parts: &[ConditionExpr]| parts.iter().map(own_only).collect();
    match condition {
        ConditionExpr::And(parts) => ConditionExpr::And(each(parts)),
        ConditionExpr::Or(parts) => ConditionExpr::Or(each(parts)),
        ConditionExpr::Not(inner) => ConditionExpr::Not(Box::new(own_only(inner))),
        ConditionExpr::Selector {
            quantifier,
            pattern: SelectorPattern::Pattern(all),
        } if all == "*" => ConditionExpr::Selector {
            quantifier: quantifier.clone(),
            pattern: SelectorPattern::Them,
        },
        other => other.clone(),
    }
}

/// A filter's condition, with the names its selections have within a rule.
fn renamed(condition: &ConditionExpr, number: usize) -> ConditionExpr {
    let each = |parts: &[ConditionExpr]| parts.iter().map(|part| renamed(part, number)).collect();
    match condition {
        ConditionExpr::Identifier(name) => ConditionExpr::Identifier(inner_name(number, name)),
        ConditionExpr::And(parts) => ConditionExpr::And(each(parts)),
        ConditionExpr::Or(parts) => ConditionExpr::Or(each(parts)),
        ConditionExpr::Not(inner) => ConditionExpr::Not(Box::new(renamed(inner, number))),
        ConditionExpr::Selector { quantifier, pattern } => {
            let meant = match pattern {
                SelectorPattern::Pattern(glob) => SelectorPattern::Pattern(inner_name(number, glob)),
                SelectorPattern::Them => SelectorPattern::Pattern(inner_name(number, "*")),
            };
            ConditionExpr::Selector {
                quantifier: quantifier.clone(),
                pattern: meant,
            }
        }
    }
}
