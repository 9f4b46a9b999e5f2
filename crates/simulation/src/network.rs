//! Messages on their way. Each may be lost, doubled, late and out of order.

use watchpost_event::protocol::DataResponse;

use crate::Rng;

#[derive(Clone, Debug)]
pub(crate) enum Message {
    Request { id: u64, body: Vec<u8> },
    Answer { id: u64, answer: Option<DataResponse> },
}

#[derive(Debug)]
pub(crate) struct Network {
    under_way: Vec<Message>,
    /// While healing nothing is lost or doubled any more.
    pub(crate) perfect: bool,
}

impl Network {
    pub(crate) fn new(perfect: bool) -> Self {
        Self {
            under_way: Vec::new(),
            perfect,
        }
    }

    pub(crate) fn send(&mut self, message: Message, rng: &mut Rng) {
        if !self.perfect && rng.one_in(6) {
            return;
        }
        if !self.perfect && rng.one_in(6) {
            self.under_way.push(message.clone());
        }
        self.under_way.push(message);
    }

    /// Any message that is on its way.
    pub(crate) fn deliver(&mut self, rng: &mut Rng) -> Option<Message> {
        if self.under_way.is_empty() {
            return None;
        }
        let which = rng.below(self.under_way.len() as u64) as usize;
        Some(self.under_way.swap_remove(which))
    }

    pub(crate) fn lose_everything(&mut self) {
        self.under_way.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }
}
