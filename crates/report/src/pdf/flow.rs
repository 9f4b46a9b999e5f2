//! Items to pages: from top to bottom, each whole, with what must not stand alone kept together.

use std::rc::Rc;

use pdf_writer::Content;

use super::fonts::Glyph;
use super::paint::{Mark, PAPER, paint};

/// From the paper's edge to the text, left and right.
pub(super) const SIDE: f32 = 42.0;
/// The width of the text.
pub(super) const WIDE: f32 = PAPER.0 - 2.0 * SIDE;
/// Where the first page and the later ones begin, and where all end.
const FIRST_TOP: f32 = 42.0;
const TOP: f32 = 62.0;
const BOTTOM: f32 = PAPER.1 - 58.0;

/// What is not divided between pages.
#[derive(Clone, Default)]
pub(super) struct Item {
    /// Distance to what stands above; none at the top of a page.
    pub(super) gap: f32,
    pub(super) height: f32,
    /// It must not be the last on its page.
    pub(super) keep: bool,
    pub(super) marks: Vec<Mark>,
    /// What is repeated above it when it is the first on its page: the head of its table.
    pub(super) head: Option<Rc<Item>>,
    /// A heading's letters, for the document's outline.
    pub(super) entry: Option<Vec<Glyph>>,
}

/// A place that the outline leads to.
pub(super) struct Entry {
    pub(super) title: String,
    pub(super) page: usize,
    /// From the paper's upper edge.
    pub(super) top: f32,
}

pub(super) struct Pages {
    pub(super) sheets: Vec<Content>,
    pub(super) entries: Vec<Entry>,
    y: f32,
    /// Nothing stands on the current page.
    fresh: bool,
}

impl Pages {
    pub(super) fn new() -> Self {
        Self {
            sheets: vec![Content::new()],
            entries: Vec::new(),
            y: FIRST_TOP,
            fresh: true,
        }
    }

    pub(super) fn place(&mut self, items: &[Item]) {
        for (n, item) in items.iter().enumerate() {
            let needed = together(&items[n..]);
            if !self.fresh && self.y + needed > BOTTOM {
                self.turn();
                if let Some(head) = &item.head {
                    self.draw(head);
                }
            }
            self.draw(item);
        }
    }

    fn turn(&mut self) {
        self.sheets.push(Content::new());
        self.y = TOP;
        self.fresh = true;
    }

    fn draw(&mut self, item: &Item) {
        let gap = if self.fresh { 0.0 } else { item.gap };
        let top = self.y + gap;
        if let Some(glyphs) = &item.entry {
            self.entries.push(Entry {
                title: glyphs.iter().map(|glyph| glyph.c).collect(),
                page: self.sheets.len() - 1,
                top: top - 12.0,
            });
        }
        if let Some(page) = self.sheets.last_mut() {
            for mark in &item.marks {
                paint(page, mark, SIDE, top);
            }
        }
        self.y = top + item.height;
        self.fresh = false;
    }
}

/// How much room an item needs together with all it must not be parted from; of what is longer than a page, with the
/// next alone.
fn together(items: &[Item]) -> f32 {
    let last = items.iter().position(|item| !item.keep).unwrap_or(items.len());
    let room = |count: usize| items.iter().take(count).map(|item| item.gap + item.height).sum();
    let all: f32 = room(last.saturating_add(1));
    if all <= BOTTOM - TOP { all } else { room(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(height: f32, keep: bool) -> Item {
        Item {
            height,
            keep,
            entry: Some(Vec::new()),
            ..Item::default()
        }
    }

    fn pages_of(items: &[Item]) -> Vec<usize> {
        let mut pages = Pages::new();
        pages.place(items);
        pages.entries.iter().map(|entry| entry.page).collect()
    }

    #[test]
    fn a_heading_goes_to_the_page_of_what_follows_it() {
        assert_eq!(
            pages_of(&[item(700.0, false), item(20.0, false), item(40.0, false)]),
            [0, 0, 1]
        );
        assert_eq!(
            pages_of(&[item(700.0, false), item(20.0, true), item(40.0, false)]),
            [0, 1, 1]
        );
    }

    #[test]
    fn what_cannot_be_kept_together_is_parted_and_ends() {
        let many: Vec<Item> = (0..100).map(|_| item(50.0, true)).collect();
        let pages = pages_of(&many);
        assert_eq!(pages.len(), 100);
        assert!(pages.last().is_some_and(|last| *last < 9), "{pages:?}");
    }

    #[test]
    fn a_tables_head_is_repeated_on_every_page() {
        let head = Rc::new(Item {
            height: 10.0,
            entry: Some(Vec::new()),
            ..Item::default()
        });
        let row = Item {
            height: 100.0,
            head: Some(head),
            ..Item::default()
        };
        let mut pages = Pages::new();
        pages.place(&vec![row; 20]);
        assert_eq!(pages.sheets.len(), 3);
        assert_eq!(pages.entries.len(), 2, "the second and the third page");
    }
}
