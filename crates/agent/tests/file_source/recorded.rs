//! Recorded events of Windows, in `.evtx` files.

use std::time::Duration;

use watchpost_agent::source::Notice;
use watchpost_agent::source::file::Decompress;
use watchpost_event::Event;
use watchpost_pipeline::Codec;

#[path = "../made/evtx.rs"]
mod made;

use crate::world::World;
use made::{CHUNK_BYTES, HEADER_BYTES, events, word};

impl World {
    /// Long enough for the file to count as written.
    fn read_recorded(&mut self) {
        for _ in 0..3 {
            self.pass(Duration::from_secs(2));
            self.settle();
        }
    }

    /// Each number's event arrived, once and in this order, and was understood.
    fn assert_recorded(&self, numbers: impl Iterator<Item = u64>) {
        let commands: Vec<&str> = self.sink.events.iter().map(|(_, event)| command(event)).collect();
        let expected: Vec<String> = numbers
            .map(|number| format!("cmd.exe /c \"echo {} > C:\\a&b\"", word(number)))
            .collect();
        assert!(
            commands == expected,
            "{} of {}: {commands:?}",
            commands.len(),
            expected.len()
        );
    }

    fn incomplete(&self) -> Vec<&str> {
        let mut reasons = Vec::new();
        for notice in &self.notices {
            if let Notice::PackedIncomplete { reason, .. } = notice {
                reasons.push(reason.as_deref().unwrap_or("cut short"));
            }
        }
        reasons
    }
}

fn command(event: &Event) -> &str {
    event.fields.text("winlog.event_data.CommandLine").unwrap_or("none")
}

#[test]
fn a_file_is_known_by_its_content_whatever_it_is_called_and_the_source_says() {
    for (name, codec, decompress) in [
        ("Security.evtx", Codec::Auto, Decompress::Auto),
        ("saved.log", Codec::Syslog, Decompress::Off),
    ] {
        let mut world = World::new();
        world.config.include = vec![world.path("*").to_string_lossy().into_owned()];
        world.config.codec = codec;
        world.config.decompress = Some(decompress);
        world.append(name, events(&[1..101, 101..140, 140..240]));
        world.read_recorded();
        world.assert_recorded(1..240);
        let event = &world.sink.events[0].1;
        assert_eq!(event.fields.text("host.name"), Some("desk-7.example.com"));
        assert_eq!(world.incomplete(), [""; 0]);
        assert!(world.sink.headers.last().unwrap().end);
    }
}

#[test]
fn reading_goes_on_where_it_was_after_a_kill() {
    let mut world = World::new();
    world.append("a.log", events(&[1..101, 101..201, 201..301]));
    world.policy.batch_records = 20;
    for taken in 1..8 {
        world.sink.room = Some(1);
        for _ in 0..50 {
            world.pass(Duration::from_secs(2));
            if world.poll().blocked {
                break;
            }
        }
        assert_eq!(world.sink.events.len(), 20 * taken);
        // Nothing but what the sink took is left of it.
        world.start();
    }
    world.sink.room = None;
    world.read_recorded();
    world.assert_recorded(1..301);
    world.start();
    world.read_recorded();
    world.assert_recorded(1..301);
}

#[test]
fn damage_is_told_and_everything_else_is_read() {
    let mut world = World::new();
    let mut bytes = events(&[1..51, 51..101, 101..151]);
    bytes[HEADER_BYTES + CHUNK_BYTES] = b'?';
    world.append("a.log", bytes);
    world.read_recorded();
    world.pass(Duration::from_secs(301));
    world.read_recorded();
    world.assert_recorded((1..51).chain(101..151));
    let told = world.incomplete();
    assert!(told.len() == 1 && told[0].contains("damaged chunks: 1,"), "{told:?}");
}

#[test]
fn damage_is_told_where_nothing_can_be_read() {
    let mut world = World::new();
    let mut bytes = events(std::slice::from_ref(&(1..51)));
    bytes[HEADER_BYTES] = b'?';
    world.append("a.log", bytes);
    world.read_recorded();
    world.pass(Duration::from_secs(301));
    world.read_recorded();
    world.read_recorded();
    assert!(world.sink.events.is_empty());
    let told = world.incomplete();
    assert!(told.len() == 1 && told[0].contains("damaged chunks: 1,"), "{told:?}");
}

#[test]
fn a_file_that_was_cut_is_read_as_far_as_it_goes() {
    let mut world = World::new();
    let bytes = events(&[1..51, 51..101]);
    world.append("a.log", &bytes[..HEADER_BYTES + CHUNK_BYTES + 100]);
    world.read_recorded();
    assert!(world.sink.events.is_empty(), "the rest may come");
    world.pass(Duration::from_secs(301));
    world.read_recorded();
    world.assert_recorded(1..51);
    assert_eq!(world.incomplete(), ["cut short"]);
}

#[test]
fn what_is_added_to_a_file_is_read_when_it_rests() {
    let mut world = World::new();
    let whole = made::file(&[made::chunk_of(1..51), made::chunk_of(51..101)], true);
    world.append("a.log", &whole[..HEADER_BYTES + CHUNK_BYTES]);
    world.read_recorded();
    world.assert_recorded(1..51);
    world.append("a.log", &whole[HEADER_BYTES + CHUNK_BYTES..]);
    world.read_recorded();
    world.assert_recorded(1..101);
    assert_eq!(world.incomplete(), [""; 0]);
}
