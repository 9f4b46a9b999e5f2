//! Makes `.evtx` files, by the public descriptions of the format: MS-EVEN6 (2.2.12: binary XML) and libyal's "Windows
//! XML Event Log (EVTX)". Tests, and the fuzzer, take it in by its path.
#![allow(dead_code, reason = "not all who take it in use all of it")]

use std::collections::HashMap;
use std::ops::Range;

use flate2::Crc;

pub(crate) const HEADER_BYTES: usize = 4096;
pub(crate) const CHUNK_BYTES: usize = 64 << 10;
const RECORDS_AT: usize = 512;
/// 2026-01-02T03:04:05Z, in units of 100 ns since 1601.
const TIME: u64 = 134_117_966_450_000_000;

/// An element of a template.
#[derive(Clone, Default)]
pub(crate) struct Element {
    pub(crate) name: &'static str,
    /// The value without which it is left out.
    pub(crate) depends: Option<u16>,
    pub(crate) attributes: Vec<(&'static str, Part)>,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone)]
pub(crate) enum Part {
    Text(&'static str),
    Cdata(&'static str),
    Character(u16),
    Entity(&'static str),
    Value(u16),
    Optional(u16),
    Element(Element),
}

/// A value of a template's instance.
#[derive(Clone)]
pub(crate) enum Value {
    /// A kind and its bytes.
    Plain(u8, Vec<u8>),
    /// Binary XML: a template of its own.
    Nested(u32, Element, Vec<Value>),
}

pub(crate) fn null() -> Value {
    Value::Plain(0, Vec::new())
}

pub(crate) fn text(text: &str) -> Value {
    Value::Plain(1, units(text))
}

pub(crate) fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

pub(crate) fn element(name: &'static str, parts: Vec<Part>) -> Element {
    Element {
        name,
        parts,
        ..Element::default()
    }
}

impl Element {
    pub(crate) fn with(mut self, name: &'static str, part: Part) -> Self {
        self.attributes.push((name, part));
        self
    }
}

/// A chunk being written.
pub(crate) struct Chunk {
    bytes: Vec<u8>,
    names: HashMap<&'static str, u32>,
    templates: HashMap<u32, u32>,
    ids: Range<u64>,
    last_at: usize,
}

impl Chunk {
    pub(crate) fn new(first_id: u64) -> Self {
        Self {
            bytes: vec![0; RECORDS_AT],
            names: HashMap::new(),
            templates: HashMap::new(),
            ids: first_id..first_id,
            last_at: RECORDS_AT,
        }
    }

    /// Appends a record: an instance of a template. The template is written when it is used first.
    pub(crate) fn record(&mut self, template: u32, element: &Element, values: &[Value]) {
        let begin = self.bytes.len();
        self.last_at = begin;
        self.bytes.extend(b"**\0\0");
        self.u32(0);
        self.u64(self.ids.end);
        self.u64(TIME + self.ids.end);
        self.bytes.extend([0x0f, 1, 1, 0]);
        self.instance(template, element, values);
        self.bytes.push(0);
        while !(self.bytes.len() + 4 - begin).is_multiple_of(8) {
            self.bytes.push(0);
        }
        let size = (self.bytes.len() + 4 - begin) as u32;
        self.u32(size);
        self.patch(begin + 4, size);
        self.ids.end += 1;
        assert!(self.bytes.len() <= CHUNK_BYTES, "the chunk is full");
    }

    fn instance(&mut self, template: u32, element: &Element, values: &[Value]) {
        self.bytes.extend([0x0c, 1]);
        self.u32(template);
        match self.templates.get(&template) {
            Some(at) => self.u32(*at),
            None => self.definition(template, element),
        }
        self.u32(values.len() as u32);
        let mut described = self.bytes.len();
        self.bytes.resize(described + values.len() * 4, 0);
        for value in values {
            let from = self.bytes.len();
            let kind = match value {
                Value::Plain(kind, bytes) => {
                    self.bytes.extend(bytes);
                    *kind
                }
                Value::Nested(template, element, values) => {
                    self.bytes.extend([0x0f, 1, 1, 0]);
                    self.instance(*template, element, values);
                    self.bytes.push(0);
                    0x21
                }
            };
            let size = (self.bytes.len() - from) as u16;
            self.bytes[described..described + 2].copy_from_slice(&size.to_le_bytes());
            self.bytes[described + 2] = kind;
            described += 4;
        }
    }

    fn definition(&mut self, template: u32, element: &Element) {
        let at = self.bytes.len() as u32 + 4;
        self.u32(at);
        self.templates.insert(template, at);
        let bucket = 384 + (template as usize % 32) * 4;
        let next = self.u32_at(bucket);
        self.u32(next);
        self.patch(bucket, at);
        self.u32(template);
        self.bytes.extend([7; 12]);
        let size_at = self.bytes.len();
        self.u32(0);
        self.bytes.extend([0x0f, 1, 1, 0]);
        self.element(element);
        self.bytes.push(0);
        self.patch(size_at, (self.bytes.len() - size_at - 4) as u32);
    }

    fn element(&mut self, element: &Element) {
        let more = if element.attributes.is_empty() { 0 } else { 0x40 };
        self.bytes.push(0x01 | more);
        self.bytes.extend(element.depends.unwrap_or(u16::MAX).to_le_bytes());
        let size_at = self.bytes.len();
        self.u32(0);
        self.name(element.name);
        if more != 0 {
            let list_at = self.bytes.len();
            self.u32(0);
            for (at, (name, part)) in element.attributes.iter().enumerate() {
                let more = if at + 1 < element.attributes.len() { 0x40 } else { 0 };
                self.bytes.push(0x06 | more);
                self.name(name);
                self.part(part);
            }
            self.patch(list_at, (self.bytes.len() - list_at - 4) as u32);
        }
        if element.parts.is_empty() {
            self.bytes.push(0x03);
        } else {
            self.bytes.push(0x02);
            for part in &element.parts {
                self.part(part);
            }
            self.bytes.push(0x04);
        }
        self.patch(size_at, (self.bytes.len() - size_at - 4) as u32);
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Text(text) => {
                self.bytes.extend([0x05, 1]);
                self.counted(text);
            }
            Part::Cdata(text) => {
                self.bytes.push(0x07);
                self.counted(text);
            }
            Part::Character(unit) => {
                self.bytes.push(0x08);
                self.bytes.extend(unit.to_le_bytes());
            }
            Part::Entity(name) => {
                self.bytes.push(0x09);
                self.name(name);
            }
            Part::Value(index) | Part::Optional(index) => {
                let optional = u8::from(matches!(part, Part::Optional(_)));
                self.bytes.push(0x0d + optional);
                self.bytes.extend(index.to_le_bytes());
                self.bytes.push(1);
            }
            Part::Element(element) => self.element(element),
        }
    }

    fn counted(&mut self, text: &str) {
        let units = units(text);
        self.bytes.extend((units.len() as u16 / 2).to_le_bytes());
        self.bytes.extend(units);
    }

    fn name(&mut self, name: &'static str) {
        if let Some(at) = self.names.get(name) {
            return self.u32(*at);
        }
        let at = self.bytes.len() as u32 + 4;
        self.names.insert(name, at);
        self.u32(at);
        let hash = name.encode_utf16().fold(0u32, |hash, unit| {
            hash.wrapping_mul(65_599).wrapping_add(u32::from(unit))
        });
        let bucket = 128 + (hash as u16 as usize % 64) * 4;
        let next = self.u32_at(bucket);
        self.u32(next);
        self.patch(bucket, at);
        self.bytes.extend((hash as u16).to_le_bytes());
        self.counted(name);
        self.bytes.extend([0, 0]);
    }

    /// The whole chunk.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len() as u32;
        self.bytes.resize(CHUNK_BYTES, 0);
        self.bytes[..8].copy_from_slice(b"ElfChnk\0");
        let last = self.ids.end - 1;
        for (at, id) in [(8, self.ids.start), (16, last), (24, self.ids.start), (32, last)] {
            self.bytes[at..at + 8].copy_from_slice(&id.to_le_bytes());
        }
        self.patch(40, 128);
        self.patch(44, self.last_at as u32);
        self.patch(48, free);
        sum_chunk(&mut self.bytes);
        self.bytes
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }

    fn patch(&mut self, at: usize, number: u32) {
        self.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
}

/// Checksums of a chunk are right again.
pub(crate) fn sum_chunk(chunk: &mut [u8]) {
    let free = u32::from_le_bytes(chunk[48..52].try_into().expect("four bytes")) as usize;
    let records = chunk.get(RECORDS_AT..free).unwrap_or_default();
    let sum = crc(&[records]).to_le_bytes();
    chunk[52..56].copy_from_slice(&sum);
    let sum = crc(&[&chunk[..120], &chunk[128..RECORDS_AT]]).to_le_bytes();
    chunk[124..128].copy_from_slice(&sum);
}

fn crc(parts: &[&[u8]]) -> u32 {
    let mut crc = Crc::new();
    for part in parts {
        crc.update(part);
    }
    crc.sum()
}

/// A file of whole chunks; `dirty` as one that was not closed.
pub(crate) fn file(chunks: &[Vec<u8>], dirty: bool) -> Vec<u8> {
    let mut header = vec![0; HEADER_BYTES];
    header[..8].copy_from_slice(b"ElfFile\0");
    let count = chunks.len() as u16;
    header[16..24].copy_from_slice(&u64::from(count.saturating_sub(1)).to_le_bytes());
    header[32..36].copy_from_slice(&128u32.to_le_bytes());
    for (at, number) in [(36, 1), (38, 3), (40, HEADER_BYTES as u16), (42, count)] {
        header[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    header[120] = u8::from(dirty);
    let sum = crc(&[&header[..120]]).to_le_bytes();
    header[124..128].copy_from_slice(&sum);
    chunks.iter().fold(header, |mut file, chunk| {
        file.extend(chunk);
        file
    })
}

/// A file with a chunk for each range, and in it an event for each number.
pub(crate) fn events(chunks: &[Range<u64>]) -> Vec<u8> {
    file(&chunks.iter().cloned().map(chunk_of).collect::<Vec<_>>(), false)
}

pub(crate) fn chunk_of(numbers: Range<u64>) -> Vec<u8> {
    let mut chunk = Chunk::new(numbers.start);
    for number in numbers {
        event(&mut chunk, number);
    }
    chunk.finish()
}

/// What stands in the event of a number.
pub(crate) fn word(number: u64) -> String {
    format!("made-{number:05}")
}

/// A started process, as Sysmon writes it.
pub(crate) fn event(chunk: &mut Chunk, number: u64) {
    let command = format!("cmd.exe /c \"echo {} > C:\\a&b\"", word(number));
    let data = Value::Nested(
        2,
        element(
            "EventData",
            vec![
                Part::Element(element("Data", vec![Part::Value(0)]).with("Name", Part::Text("Image"))),
                Part::Element(element("Data", vec![Part::Value(1)]).with("Name", Part::Text("CommandLine"))),
                Part::Element(element("Data", vec![Part::Value(2)]).with("Name", Part::Text("ProcessId"))),
            ],
        ),
        vec![
            text("C:\\Windows\\System32\\cmd.exe"),
            text(&command),
            Value::Plain(0x08, 4242u32.to_le_bytes().to_vec()),
        ],
    );
    let sid = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0].to_vec();
    let values = [
        Value::Plain(0x06, 1u16.to_le_bytes().to_vec()),
        Value::Plain(0x15, (1u64 << 63).to_le_bytes().to_vec()),
        Value::Plain(0x11, (TIME + number).to_le_bytes().to_vec()),
        Value::Plain(0x0a, number.to_le_bytes().to_vec()),
        Value::Plain(0x13, sid),
        null(),
        data,
    ];
    chunk.record(1, &template(), &values);
}

fn template() -> Element {
    let leaf = |name, part| Part::Element(element(name, vec![part]));
    let empty = |element| Part::Element(element);
    let provider = element("Provider", Vec::new())
        .with("Name", Part::Text("Microsoft-Windows-Sysmon"))
        .with("Guid", Part::Text("{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"));
    let dependent = Element {
        depends: Some(5),
        ..element("Qualifiers", vec![Part::Optional(5)])
    };
    let system = vec![
        empty(provider),
        leaf("EventID", Part::Value(0)),
        empty(dependent),
        leaf("Version", Part::Text("5")),
        leaf("Level", Part::Text("4")),
        leaf("Task", Part::Text("1")),
        leaf("Opcode", Part::Text("0")),
        leaf("Keywords", Part::Value(1)),
        empty(element("TimeCreated", Vec::new()).with("SystemTime", Part::Value(2))),
        leaf("EventRecordID", Part::Value(3)),
        empty(element("Correlation", Vec::new()).with("ActivityID", Part::Optional(5))),
        leaf("Channel", Part::Text("Microsoft-Windows-Sysmon/Operational")),
        leaf("Computer", Part::Text("desk-7.example.com")),
        empty(element("Security", Vec::new()).with("UserID", Part::Value(4))),
    ];
    element("Event", vec![Part::Element(element("System", system)), Part::Value(6)]).with(
        "xmlns",
        Part::Text("http://schemas.microsoft.com/win/2004/08/events/event"),
    )
}
