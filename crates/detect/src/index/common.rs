//! How common something is in events, guessed by what rules ask for.
//!
//! Of a value as a whole it is how many rules ask for it. A part is as common as its rarest few bytes are in all that
//! rules ask for: `\windows\` stands in hundreds of paths that rules name, and in as many of an event's.

use std::collections::HashMap;

use super::need::{Key, Need};
use super::needles::{LONG, SHORT, grams, mix};

/// Places to count at; several grams may share one, and be taken for more common than they are.
const PLACES: usize = 1 << 16;

/// What rules ask for.
pub(super) struct Common<'a> {
    whole: HashMap<Need<'a>, u32>,
    long: Box<[u32]>,
    short: Box<[u32]>,
}

impl<'a> Common<'a> {
    pub(super) fn new() -> Self {
        Self {
            whole: HashMap::new(),
            long: vec![0; PLACES].into(),
            short: vec![0; PLACES].into(),
        }
    }

    /// A rule asks for this.
    pub(super) fn add(&mut self, need: Need<'a>) {
        match &need.key {
            Key::There => return,
            Key::Has(needle) => return self.add_text(&needle.text),
            Key::Is(text) => self.add_text(text),
            Key::Number(_) => {}
        }
        *self.whole.entry(need).or_default() += 1;
    }

    fn add_text(&mut self, text: &str) {
        grams::<LONG>(text).for_each(|gram| self.long[place(gram)] += 1);
        grams::<SHORT>(text).for_each(|gram| self.short[place(gram)] += 1);
    }

    /// How many rules ask for something like this, at most.
    pub(super) fn count(&self, need: &Need<'a>) -> u32 {
        match &need.key {
            Key::Has(needle) if needle.text.len() < LONG => rarest(grams::<SHORT>(&needle.text), &self.short),
            Key::Has(needle) => rarest(grams::<LONG>(&needle.text), &self.long),
            _ => self.whole.get(need).copied().unwrap_or(0),
        }
    }
}

fn rarest(grams: impl Iterator<Item = u32>, counts: &[u32]) -> u32 {
    grams.map(|gram| counts[place(gram)]).min().unwrap_or(0)
}

fn place(gram: u32) -> usize {
    mix(gram) as usize % PLACES
}
