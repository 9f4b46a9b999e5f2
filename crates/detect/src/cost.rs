//! What asking a rule costs.

use std::time::Duration;

use rsigma_eval::evaluate_rule;
use watchpost_event::View;

use crate::Rules;
use crate::adapter::Adapter;
use crate::sources::sources;

impl Rules {
    /// Asks the rules that concern an event one by one, and says how long each took by `clock`. Of more than `most` a part
    /// that begins elsewhere with every `turn`. Most of them are not asked about an event that is only looked at: together they cost less than that.
    pub fn time_each(
        &self,
        view: &View<'_>,
        turn: usize,
        most: usize,
        clock: &dyn Fn() -> Duration,
        took: &mut dyn FnMut(&str, Duration),
    ) {
        let way = self.ways.of(&self.routes, &sources(view));
        let all = || {
            way.routes
                .iter()
                .flat_map(|at| &self.compiled[self.routes[*at].1.clone()])
        };
        let count = all().count();
        if count == 0 {
            return;
        }
        let adapter = Adapter::new(*view);
        let start = turn.wrapping_mul(most) % count;
        for rule in all().cycle().skip(start).take(most.min(count)) {
            let before = clock();
            let found = evaluate_rule(rule, &adapter);
            let after = clock();
            drop(found);
            took(rule.id.as_ref().unwrap_or(&rule.title), after.saturating_sub(before));
        }
    }
}
