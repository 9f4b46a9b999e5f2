//! Which scenarios are run.

use clap::ValueEnum;

/// What can be measured, in the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scenario {
    /// The corpus as JSON over HTTP: rate, memory.
    Intake,
    /// What intake left: disk, memory at rest, latencies. Takes the corpus in first where intake is not run.
    Queries,
    /// The corpus as native batches.
    Native,
    /// The corpus as one file by an agent: file to acknowledged.
    Agent,
    /// What rules cost.
    Detection,
    /// From a program's start to a message.
    Telling,
    /// A hundred thousand detections in a minute.
    Flood,
    /// A correlation of a million groups.
    Groups,
    /// An agent with little to do.
    Rest,
    /// An agent at 10,000 lines a second.
    Pace,
    /// An agent with one record far too long.
    Long,
    /// A thousand agents at once.
    Fleet,
    /// The agent for Windows, under Wine.
    Windows,
    /// Much more than a corpus, queried while it grows.
    Growth,
}

impl Scenario {
    /// Part of a run that names nothing: ten minutes together.
    fn is_usual(self) -> bool {
        self < Self::Rest
    }
}

/// What to run, each once and in order.
pub(crate) fn selected(only: &[Scenario], all: bool) -> Vec<Scenario> {
    let is_wanted = |scenario: &Scenario| match only {
        [] => all || scenario.is_usual(),
        only => only.contains(scenario),
    };
    Scenario::value_variants().iter().copied().filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_runs_only_when_named_or_with_all() {
        assert_eq!(selected(&[], false).last(), Some(&Scenario::Groups));
        assert_eq!(selected(&[], true), Scenario::value_variants());
        let named = [Scenario::Growth, Scenario::Intake, Scenario::Growth];
        assert_eq!(selected(&named, false), [Scenario::Intake, Scenario::Growth]);
    }
}
