//! Binary XML to XML (MS-EVEN6, 2.2.12 and 3.1.4.7).
//!
//! The content of a record is mostly an instance of a template: elements in which values of the instance are put. Names
//! and templates lie anywhere in the chunk, at the place of their first use, so that everything is read by places in the
//! chunk. A value may be binary XML itself.

use super::RECORD_LIMIT;
use super::cursor::{Cursor, Fault};
use super::value::{self, BINARY_XML, NULL, is_array};

/// Elements, templates and values within each other at most.
const DEPTH_LIMIT: usize = 32;
/// Values of one instance at most.
const VALUES_LIMIT: usize = 4096;
/// For all records of a chunk: tokens, and bytes of values that are looked at, some at a time. Records of Windows need
/// some thousands.
const STEPS: usize = 1 << 20;
const BYTES_PER_STEP: usize = 32;
/// For all records of a chunk: bytes of XML.
const TEXT_BYTES: usize = 16 << 20;

/// A token's kind; [`MORE`] may be added.
mod token {
    pub(super) const END_OF_FRAGMENT: u8 = 0x00;
    pub(super) const OPEN: u8 = 0x01;
    pub(super) const CLOSE: u8 = 0x02;
    pub(super) const CLOSE_EMPTY: u8 = 0x03;
    pub(super) const END: u8 = 0x04;
    pub(super) const TEXT: u8 = 0x05;
    pub(super) const ATTRIBUTE: u8 = 0x06;
    pub(super) const CDATA: u8 = 0x07;
    pub(super) const CHARACTER: u8 = 0x08;
    pub(super) const ENTITY: u8 = 0x09;
    pub(super) const PI_TARGET: u8 = 0x0a;
    pub(super) const PI_DATA: u8 = 0x0b;
    pub(super) const TEMPLATE: u8 = 0x0c;
    pub(super) const VALUE: u8 = 0x0d;
    pub(super) const OPTIONAL_VALUE: u8 = 0x0e;
    pub(super) const FRAGMENT: u8 = 0x0f;
}

/// Attributes follow an element's start; more attributes or text follow.
const MORE: u8 = 0x40;

/// Work and text that are left for the records of a chunk.
#[derive(Debug)]
pub(super) struct Budget {
    steps: usize,
    bytes: usize,
}

impl Budget {
    pub(super) fn of_chunk() -> Self {
        Self {
            steps: STEPS,
            bytes: TEXT_BYTES,
        }
    }

    fn step(&mut self, bytes: usize) -> Result<(), Fault> {
        let steps = 1 + bytes / BYTES_PER_STEP;
        self.steps = self
            .steps
            .checked_sub(steps)
            .ok_or("its records need more work than is allowed")?;
        Ok(())
    }
}

/// Appends the XML of the record whose content lies there. After an error a part of it may be there.
pub(super) fn render(
    chunk: &[u8],
    begin: usize,
    end: usize,
    budget: &mut Budget,
    out: &mut String,
) -> Result<(), Fault> {
    let from = out.len();
    let mut writer = Writer {
        chunk,
        out,
        budget,
        from,
        muted: 0,
    };
    writer.fragment(Cursor::new(chunk, begin, end)?, Scope::default())?;
    if writer.out.len() == from {
        return Err("a record without an element");
    }
    Ok(())
}

/// A value of a template's instance.
#[derive(Clone, Copy)]
struct Value<'c> {
    kind: u8,
    from: usize,
    bytes: &'c [u8],
}

/// Where elements are read.
#[derive(Clone, Copy, Default)]
struct Scope<'v, 'c> {
    /// Elements of a template's definition say which value they depend on.
    definition: bool,
    values: &'v [Value<'c>],
    depth: usize,
}

impl Scope<'_, '_> {
    fn deeper(self) -> Result<Self, Fault> {
        if self.depth >= DEPTH_LIMIT {
            return Err("too many elements within each other");
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn is_null(&self, index: u16) -> bool {
        self.values
            .get(usize::from(index))
            .is_none_or(|value| value.kind == NULL)
    }
}

/// Of an element whose values are arrays there is one for each item.
struct Items {
    /// Which is being written.
    item: usize,
    /// So many there are.
    count: usize,
}

struct Writer<'c, 'w> {
    chunk: &'c [u8],
    out: &'w mut String,
    budget: &'w mut Budget,
    /// The record begins here.
    from: usize,
    /// Within so many elements that are left out.
    muted: usize,
}

impl<'c> Writer<'c, '_> {
    /// What lies at one place: elements, or an instance of a template.
    fn fragment(&mut self, mut cursor: Cursor<'c>, scope: Scope<'_, 'c>) -> Result<(), Fault> {
        let scope = scope.deeper()?;
        while let Some(token) = cursor.peek() {
            self.budget.step(0)?;
            match token & !MORE {
                token::END_OF_FRAGMENT => break,
                token::FRAGMENT => {
                    cursor.take(4)?;
                }
                token::TEMPLATE => self.template(&mut cursor, scope)?,
                token::OPEN => self.element(&mut cursor, scope)?,
                token::PI_TARGET | token::PI_DATA => self.instruction(&mut cursor)?,
                _ => return Err("a token where an element should begin"),
            }
        }
        Ok(())
    }

    /// An instance: where the definition is, and the values.
    fn template(&mut self, cursor: &mut Cursor<'c>, scope: Scope<'_, 'c>) -> Result<(), Fault> {
        cursor.take(1 + 1 + 4)?;
        let at = cursor.u32()? as usize;
        let is_here = at == cursor.at;
        let mut head = Cursor::new(self.chunk, at, self.chunk.len())?;
        head.take(4 + 16)?;
        let size = head.u32()? as usize;
        let content = head.at;
        head.take(size)?;
        if is_here {
            cursor.take(head.at - at)?;
        }
        let count = cursor.u32()? as usize;
        if count > VALUES_LIMIT {
            return Err("too many values in a record");
        }
        self.budget.step(count * BYTES_PER_STEP)?;
        let mut described = *cursor;
        cursor.take(count * 4)?;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let size = usize::from(described.u16()?);
            let kind = described.u8()?;
            described.u8()?;
            let from = cursor.at;
            let bytes = cursor.take(size)?;
            values.push(Value { kind, from, bytes });
        }
        let scope = Scope {
            definition: true,
            values: &values,
            depth: scope.depth,
        };
        self.fragment(Cursor::new(self.chunk, content, head.at)?, scope)
    }

    /// An element, once for each item of its array, if it has one.
    fn element(&mut self, cursor: &mut Cursor<'c>, scope: Scope<'_, 'c>) -> Result<(), Fault> {
        let scope = scope.deeper()?;
        let begin = *cursor;
        let mut items = Items { item: 0, count: 1 };
        while items.item < items.count {
            *cursor = begin;
            self.one_element(cursor, scope, &mut items)?;
            items.item += 1;
        }
        Ok(())
    }

    fn one_element(&mut self, cursor: &mut Cursor<'c>, scope: Scope<'_, 'c>, items: &mut Items) -> Result<(), Fault> {
        let token = cursor.u8()?;
        let depends = if scope.definition { cursor.u16()? } else { u16::MAX };
        cursor.u32()?;
        let muted = usize::from(depends != u16::MAX && scope.is_null(depends));
        self.muted += muted;
        let name = self.name(cursor)?;
        self.push("<")?;
        self.push_name(name)?;
        if token & MORE != 0 {
            cursor.u32()?;
            while let Some(token::ATTRIBUTE) = cursor.peek().map(|token| token & !MORE) {
                self.attribute(cursor, scope, items)?;
            }
        }
        match cursor.u8()? {
            token::CLOSE_EMPTY => self.push("/>")?,
            token::CLOSE => {
                self.push(">")?;
                self.content(cursor, scope, items)?;
                self.push("</")?;
                self.push_name(name)?;
                self.push(">")?;
            }
            _ => return Err("an element's start does not end"),
        }
        self.muted -= muted;
        Ok(())
    }

    fn attribute(&mut self, cursor: &mut Cursor<'c>, scope: Scope<'_, 'c>, items: &mut Items) -> Result<(), Fault> {
        self.budget.step(0)?;
        let from = self.out.len();
        cursor.take(1)?;
        let name = self.name(cursor)?;
        self.push(" ")?;
        self.push_name(name)?;
        self.push("=\"")?;
        let mut left_out = false;
        while let Some(token) = cursor.peek() {
            let kind = token & !MORE;
            if kind == token::OPTIONAL_VALUE {
                let mut ahead = *cursor;
                ahead.take(1)?;
                left_out |= scope.is_null(ahead.u16()?);
            }
            if !self.text(kind, cursor, scope, items)? {
                break;
            }
        }
        self.push("\"")?;
        if left_out {
            self.out.truncate(from);
        }
        Ok(())
    }

    /// What lies between an element's start and its end.
    fn content(&mut self, cursor: &mut Cursor<'c>, scope: Scope<'_, 'c>, items: &mut Items) -> Result<(), Fault> {
        loop {
            self.budget.step(0)?;
            let kind = cursor.peek().ok_or("an element does not end")? & !MORE;
            match kind {
                token::END => {
                    cursor.take(1)?;
                    return Ok(());
                }
                token::OPEN => self.element(cursor, scope)?,
                token::TEMPLATE => self.template(cursor, scope)?,
                token::FRAGMENT => {
                    cursor.take(4)?;
                }
                token::PI_TARGET | token::PI_DATA => self.instruction(cursor)?,
                token::VALUE | token::OPTIONAL_VALUE => {
                    let mut ahead = *cursor;
                    ahead.take(1)?;
                    let value = scope.values.get(usize::from(ahead.u16()?));
                    match value.filter(|value| value.kind == BINARY_XML) {
                        Some(value) => {
                            cursor.take(4)?;
                            self.nested(value, scope)?;
                        }
                        None => {
                            self.text(kind, cursor, scope, items)?;
                        }
                    }
                }
                _ if self.text(kind, cursor, scope, items)? => {}
                _ => return Err("an unknown token in an element"),
            }
        }
    }

    /// A value that is binary XML itself, with no part in the values around it.
    fn nested(&mut self, value: &Value<'c>, scope: Scope<'_, 'c>) -> Result<(), Fault> {
        let cursor = Cursor::new(self.chunk, value.from, value.from + value.bytes.len())?;
        let scope = Scope {
            definition: false,
            values: &[],
            depth: scope.depth,
        };
        self.fragment(cursor, scope)
    }

    /// A part of a text, if it is one.
    fn text(
        &mut self,
        kind: u8,
        cursor: &mut Cursor<'c>,
        scope: Scope<'_, 'c>,
        items: &mut Items,
    ) -> Result<bool, Fault> {
        self.budget.step(0)?;
        match kind {
            token::TEXT => {
                cursor.take(1)?;
                let kind = cursor.u8()?;
                let bytes = cursor.units()?;
                self.push_value(kind, bytes)?;
            }
            token::CDATA => {
                cursor.take(1)?;
                let bytes = cursor.units()?;
                self.push_value(value::TEXT, bytes)?;
            }
            token::CHARACTER => {
                cursor.take(1)?;
                let unit = cursor.take(2)?;
                self.push_value(value::TEXT, unit)?;
            }
            token::ENTITY => {
                cursor.take(1)?;
                let name = self.name(cursor)?;
                self.push("&")?;
                self.push_name(name)?;
                self.push(";")?;
            }
            token::VALUE | token::OPTIONAL_VALUE => {
                cursor.take(1)?;
                let index = cursor.u16()?;
                cursor.u8()?;
                if let Some(value) = scope.values.get(usize::from(index)) {
                    self.substitute(value, items)?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn substitute(&mut self, value: &Value<'c>, items: &mut Items) -> Result<(), Fault> {
        if !is_array(value.kind) {
            return self.push_value(value.kind, value.bytes);
        }
        self.budget.step(value.bytes.len())?;
        items.count = items.count.max(value::count(value.kind, value.bytes));
        match value::item(value.kind, value.bytes, items.item) {
            Some((kind, bytes)) => self.push_value(kind, bytes),
            None => Ok(()),
        }
    }

    /// Processing instructions are no part of an event.
    fn instruction(&mut self, cursor: &mut Cursor<'c>) -> Result<(), Fault> {
        let is_target = cursor.u8()? & !MORE == token::PI_TARGET;
        if is_target {
            self.name(cursor)?;
        } else {
            cursor.units()?;
        }
        Ok(())
    }

    /// A name, which stands here or at the place of its first use: a link to another, a hash, and UTF-16.
    fn name(&mut self, cursor: &mut Cursor<'c>) -> Result<&'c [u8], Fault> {
        let at = cursor.u32()? as usize;
        let is_here = at == cursor.at;
        let mut there = Cursor::new(self.chunk, at, self.chunk.len())?;
        there.take(4 + 2)?;
        let units = there.units()?;
        there.take(2)?;
        if is_here {
            cursor.take(there.at - at)?;
        }
        Ok(units)
    }

    fn push_name(&mut self, units: &[u8]) -> Result<(), Fault> {
        self.write(units.len(), |out| value::push_name(units, out))
    }

    fn push_value(&mut self, kind: u8, bytes: &[u8]) -> Result<(), Fault> {
        self.write(bytes.len(), |out| value::push(kind, bytes, out))
    }

    fn push(&mut self, text: &str) -> Result<(), Fault> {
        self.write(0, |out| out.push_str(text))
    }

    fn write(&mut self, bytes: usize, write: impl FnOnce(&mut String)) -> Result<(), Fault> {
        self.budget.step(bytes)?;
        if self.muted > 0 {
            return Ok(());
        }
        let before = self.out.len();
        write(self.out);
        let written = self.out.len() - before;
        self.budget.bytes = (self.budget.bytes.checked_sub(written)).ok_or("its records are too long as XML")?;
        if self.out.len() - self.from > RECORD_LIMIT {
            return Err("a record is too long as XML");
        }
        Ok(())
    }
}
