//! The typefaces of a document and the characters it uses of them. A character's code in the file is its number among
//! those, so that copied text is what was shown, letter by letter.

use std::collections::HashMap;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Filter, Finish, Name, Pdf, Rect, Ref, Str};
use subsetter::GlyphRemapper;

use super::file::deflate;
use super::ttf::Ttf;
use crate::clean;
use crate::error::ReportError;

/// What text is set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Face {
    Text,
    Bold,
    /// All letters are equally wide. It has signs that the others lack and stands in for them.
    Mono,
}

impl Face {
    pub(super) const ALL: [Self; 3] = [Self::Text, Self::Bold, Self::Mono];

    /// Its name within a page.
    pub(super) fn name(self) -> Name<'static> {
        Name([b"F1", b"F2", b"F3"][self as usize])
    }

    const fn other(self) -> Self {
        match self {
            Self::Mono => Self::Text,
            _ => Self::Mono,
        }
    }
}

/// A letter in its place of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glyph {
    pub(super) face: Face,
    /// Its code in the file.
    pub(super) code: u16,
    /// Of an em.
    pub(super) width: f32,
    pub(super) c: char,
    /// It is part of what stands for a character that is not shown itself.
    pub(super) mark: bool,
}

struct Loaded {
    title: &'static str,
    data: &'static [u8],
    ttf: Ttf,
    /// The characters used and their glyphs; code 1 is the first.
    used: Vec<(char, u16)>,
}

pub(super) struct Fonts {
    faces: Vec<Loaded>,
    /// Where a character is found for a face, and how.
    known: HashMap<(Face, char), Option<Glyph>>,
}

const UNICODE: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"UCS"),
    supplement: 0,
};
const IDENTITY: SystemInfo<'_> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};

impl Fonts {
    pub(super) fn load() -> Result<Self, ReportError> {
        let sources = [
            ("NotoSans-Regular", notosans::REGULAR_TTF),
            ("NotoSans-Bold", notosans::BOLD_TTF),
            ("DejaVuSansMono", dejavu::sans_mono::regular()),
        ];
        let load = |(title, data)| {
            let ttf = Ttf::read(data).ok_or(ReportError::Typeface {
                face: title,
                reason: "its tables cannot be read",
            })?;
            Ok(Loaded {
                title,
                data,
                ttf,
                used: Vec::new(),
            })
        };
        Ok(Self {
            faces: sources.into_iter().map(load).collect::<Result<_, _>>()?,
            known: HashMap::new(),
        })
    }

    /// A text of anyone's as letters, about so many at most.
    pub(super) fn glyphs(&mut self, text: &str, face: Face, chars_max: usize) -> Vec<Glyph> {
        let mut glyphs = Vec::with_capacity(text.len().min(chars_max));
        for piece in clean::pieces(text, chars_max) {
            if piece.mark {
                self.mark(face, &piece.text, &mut glyphs);
                continue;
            }
            for c in piece.text.chars() {
                match self.glyph(face, c) {
                    Some(glyph) => glyphs.push(glyph),
                    // No typeface has it.
                    None => self.mark(face, &clean::number(c), &mut glyphs),
                }
                // Numbers are longer than what they stand for.
                if glyphs.len() > chars_max * 2 {
                    glyphs.extend(self.glyph(face, '…'));
                    return glyphs;
                }
            }
        }
        glyphs
    }

    /// What stands for a character that is not shown itself.
    fn mark(&mut self, face: Face, text: &str, glyphs: &mut Vec<Glyph>) {
        for c in "‹".chars().chain(text.chars()).chain("›".chars()) {
            glyphs.extend(self.glyph(face, c).map(|glyph| Glyph { mark: true, ..glyph }));
        }
    }

    pub(super) fn glyph(&mut self, face: Face, c: char) -> Option<Glyph> {
        if let Some(known) = self.known.get(&(face, c)) {
            return *known;
        }
        let found = [face, face.other()].into_iter().find_map(|face| self.find(face, c));
        self.known.insert((face, c), found);
        found
    }

    fn find(&mut self, face: Face, c: char) -> Option<Glyph> {
        let loaded = &mut self.faces[face as usize];
        let glyph = loaded.ttf.glyph(c)?;
        let place = loaded.used.iter().position(|used| used.0 == c);
        let place = place.unwrap_or_else(|| {
            loaded.used.push((c, glyph));
            loaded.used.len() - 1
        });
        Some(Glyph {
            face,
            code: u16::try_from(place + 1).ok()?,
            width: loaded.ttf.width(glyph),
            c,
            mark: false,
        })
    }

    /// Writes the typefaces, cut down to what is used of them, and gives their places in the file.
    pub(super) fn write(&self, pdf: &mut Pdf, next: &mut impl FnMut() -> Ref) -> Result<Vec<(Face, Ref)>, ReportError> {
        let mut written = Vec::new();
        for face in Face::ALL {
            let loaded = &self.faces[face as usize];
            if !loaded.used.is_empty() {
                written.push((face, loaded.write(pdf, next)?));
            }
        }
        Ok(written)
    }
}

impl Loaded {
    fn write(&self, pdf: &mut Pdf, next: &mut impl FnMut() -> Ref) -> Result<Ref, ReportError> {
        let mut remapper = GlyphRemapper::new();
        // Of every code (0 is no character) the glyph within the smaller file, as two bytes.
        let mut places = vec![0, 0];
        for (_, glyph) in &self.used {
            places.extend(remapper.remap(*glyph).to_be_bytes());
        }
        let subset = subsetter::subset(self.data, 0, &remapper).map_err(|_| ReportError::Typeface {
            face: self.title,
            reason: "it cannot be cut down to the characters used",
        })?;
        let (font, cid, descriptor, file, cmap, map) = (next(), next(), next(), next(), next(), next());
        let name = format!("{}+{}", self.tag(), self.title);
        let name = Name(name.as_bytes());
        pdf.type0_font(font)
            .base_font(name)
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        self.write_widths(pdf, cid, name, descriptor, map);
        self.write_descriptor(pdf, descriptor, name, file);
        let packed = deflate(&subset);
        pdf.stream(file, &packed)
            .filter(Filter::FlateDecode)
            .pair(Name(b"Length1"), i32::try_from(subset.len()).unwrap_or(i32::MAX));
        pdf.stream(map, &deflate(&places)).filter(Filter::FlateDecode);
        let mut unicode = UnicodeCmap::<u16>::new(Name(b"Watchpost"), UNICODE);
        for (code, (c, _)) in (1..).zip(&self.used) {
            unicode.pair(code, *c);
        }
        pdf.stream(cmap, &deflate(unicode.finish().as_slice()))
            .filter(Filter::FlateDecode);
        Ok(font)
    }

    fn write_widths(&self, pdf: &mut Pdf, id: Ref, name: Name<'_>, descriptor: Ref, map: Ref) {
        let mut font = pdf.cid_font(id);
        font.subtype(CidFontType::Type2)
            .base_font(name)
            .system_info(IDENTITY)
            .font_descriptor(descriptor)
            .cid_to_gid_map_stream(map)
            .default_width(0.0);
        let widths = self.used.iter().map(|(_, glyph)| self.ttf.width(*glyph) * 1_000.0);
        font.widths().consecutive(1, widths).finish();
    }

    fn write_descriptor(&self, pdf: &mut Pdf, id: Ref, name: Name<'_>, file: Ref) {
        let [left, bottom, right, top] = self.ttf.bounds.map(|edge| edge * 1_000.0);
        pdf.font_descriptor(id)
            .name(name)
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(self.ttf.ascent * 1_000.0)
            .descent(self.ttf.descent * 1_000.0)
            .cap_height(714.0)
            .stem_v(90.0)
            .font_file2(file);
    }

    /// Six letters that differ when the characters used do (ISO 32000-1 §9.6.4).
    fn tag(&self) -> String {
        let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
        for (c, _) in &self.used {
            sum = (sum ^ u64::from(u32::from(*c))).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let letter = |n: u32| char::from(b'A' + (sum >> (n * 8)) as u8 % 26);
        (0..6).map(letter).collect()
    }
}
