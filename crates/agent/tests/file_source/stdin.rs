//! Standard input.

use watchpost_agent::source::stdin::{Room, StdinSource, chunks};
use watchpost_agent::source::{Identity, SendPolicy};
use watchpost_event::{AgentId, Epoch, Fields, Timestamp};
use watchpost_pipeline::{Codec, Decoder, Framing, TimeZone};

use crate::world::Collector;

fn source(policy: SendPolicy) -> StdinSource {
    let identity = Identity {
        agent: AgentId::new("web-1").unwrap(),
        fields: Fields::new(),
    };
    let decoder = Decoder::new(Codec::Auto, TimeZone::UTC);
    StdinSource::new("test", Framing::lines(), decoder, &identity, policy, Epoch(5)).unwrap()
}

#[test]
fn records_are_counted_and_the_stream_ends_with_its_input() {
    let mut source = source(SendPolicy {
        batch_records: 2,
        ..SendPolicy::default()
    });
    let mut sink = Collector::default();
    sink.room = Some(1);
    let mut input: &[u8] = b"one\ntwo\n{\"msg\":\"three\"}\n\nfive without end";
    let mut now = || Timestamp(7);
    while !source.is_ended() {
        if source.read_from(&mut input, &mut now, &mut sink).unwrap() == Room::Full {
            sink.room = Some(1);
        }
    }
    assert_eq!(sink.messages(), ["one", "two", "three", "five without end"]);
    let positions: Vec<u64> = sink.events.iter().map(|(_, event)| event.position).collect();
    assert_eq!(positions, [1, 2, 3, 5]);
    let last = sink.headers.last().unwrap();
    assert!(last.end && last.to == 5 && last.stream.as_str() == "send:test");
    assert_eq!(sink.cursor(&source.key()), 5);
    assert!(sink.checkpoints.is_empty());
}

#[test]
fn pauses_of_the_input_do_not_hold_batches_back() {
    let mut source = source(SendPolicy::default());
    let mut sink = Collector::default();
    source.push(b"one\nhal", Timestamp(0), &mut sink).unwrap();
    assert!(sink.headers.is_empty());
    source.tick(Timestamp(200_000_000), &mut sink).unwrap();
    assert_eq!(sink.messages(), ["one"]);
}

#[test]
fn a_thread_reads_for_the_source() {
    let received: Vec<Vec<u8>> = chunks(&b"some text"[..]).iter().map(Result::unwrap).collect();
    assert_eq!(received, [b"some text".to_vec(), Vec::new()]);
}
