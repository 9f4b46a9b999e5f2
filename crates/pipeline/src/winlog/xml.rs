//! An event's XML, as `EvtRender` gives it and `.evtx` files hold it (learn.microsoft.com, "Event Schema").

use std::borrow::Cow;

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event as Xml};
use quick_xml::{Reader, XmlVersion};

use super::record::{NAMELESS, Record};

/// Elements within elements at most; the schema itself needs five.
const DEPTH_LIMIT: usize = 16;
/// Values of one event at most.
const VALUES_LIMIT: usize = 512;
/// Bytes of a value's name at most.
const NAME_LIMIT: usize = 256;

/// Reads one event; says why not.
pub(super) fn read(text: &str) -> Result<Record, String> {
    let mut reader = Reader::from_str(text.trim_ascii());
    reader.config_mut().allow_dangling_amp = true;
    let mut walk = Walk::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Xml::Start(start) => walk.open(&start)?,
            Xml::Empty(start) => {
                walk.open(&start)?;
                walk.close()?;
            }
            Xml::End(_) => walk.close()?,
            Xml::Text(part) => walk.text.push_str(&part),
            Xml::CData(part) => walk.text.push_str(&part),
            Xml::GeneralRef(reference) => walk.refer(&reference),
            Xml::DocType(_) => return Err("a DOCTYPE is no part of an event".to_owned()),
            Xml::Decl(_) | Xml::PI(_) | Xml::Comment(_) => {}
            Xml::Eof => break,
        }
    }
    if walk.path.is_empty() && walk.whole {
        Ok(walk.record)
    } else {
        Err("it does not end".to_owned())
    }
}

/// Where in the event the reader is, and what it has read.
#[derive(Default)]
struct Walk {
    record: Record,
    /// Local names of the elements that are open.
    path: Vec<String>,
    /// What the element that is open says of itself.
    name: Option<String>,
    text: String,
    /// Whether the element that was read last had elements of its own.
    parent: bool,
    whole: bool,
}

impl Walk {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let local = start.local_name();
        let name = local.as_ref();
        if self.path.is_empty() && (self.whole || name != "Event") {
            return Err("one <Event> is wanted".to_owned());
        }
        if self.path.len() >= DEPTH_LIMIT {
            return Err(format!("more than {DEPTH_LIMIT} elements within each other"));
        }
        self.path.push(name.to_owned());
        self.text.clear();
        self.name = None;
        self.parent = false;
        self.attributes(start)
    }

    fn attributes(&mut self, start: &BytesStart<'_>) -> Result<(), String> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .unwrap_or_else(|_| attribute.value.clone());
            match (path.as_slice(), attribute.key.local_name().as_ref()) {
                (["Event", "System", element], key) => self.record.system_attribute(element, key, &value),
                (_, "Name") => self.name = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(())
    }

    fn refer(&mut self, reference: &BytesRef<'_>) {
        match (reference.resolve_char_ref(), resolve_xml_entity(reference)) {
            (Ok(Some(character)), _) => self.text.push(character),
            (_, Some(known)) => self.text.push_str(known),
            // A character that XML has no place for, or an entity that nobody has defined.
            (Err(_), None) => self.text.push(char::REPLACEMENT_CHARACTER),
            (Ok(None), None) => {
                self.text.push('&');
                self.text.push_str(reference);
                self.text.push(';');
            }
        }
    }

    fn close(&mut self) -> Result<(), String> {
        let text = std::mem::take(&mut self.text);
        let name = self.name.take();
        let leaf = !self.parent;
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["Event", "System", element] => self.record.system_text(element, text.trim()),
            ["Event", "EventData", .., element] if leaf => {
                put(
                    &mut self.record.data,
                    name.unwrap_or_else(|| (*element).to_owned()),
                    text,
                )?;
            }
            ["Event", "UserData" | "ProcessingErrorData", .., element] if leaf => {
                put(&mut self.record.user_data, (*element).to_owned(), text)?;
            }
            ["Event", "RenderingInfo", "Keywords", "Keyword"] if self.record.rendered.keywords.len() < VALUES_LIMIT => {
                self.record.rendered.keywords.push(text);
            }
            ["Event", "RenderingInfo", element] => self.record.rendered(element, text),
            _ => {}
        }
        self.path.pop();
        self.parent = true;
        self.whole = true;
        Ok(())
    }
}

fn put(values: &mut Vec<(Cow<'static, str>, String)>, name: String, value: String) -> Result<(), String> {
    if values.len() >= VALUES_LIMIT {
        return Err(format!("more than {VALUES_LIMIT} values"));
    }
    if name.len() > NAME_LIMIT {
        return Err(format!("a name of more than {NAME_LIMIT} bytes"));
    }
    let name = if name.is_empty() { NAMELESS.into() } else { name.into() };
    values.push((name, value));
    Ok(())
}
