//! The little of a TrueType file (OpenType 1.9) that layout needs: which glyph shows a character, and how wide it is.

/// A typeface that was read.
pub(super) struct Ttf {
    data: &'static [u8],
    /// Where the subtable of `cmap` and the table `hmtx` begin.
    cmap: usize,
    hmtx: usize,
    /// Entries of `hmtx`; later glyphs are as wide as its last.
    widths: u16,
    units: f32,
    /// Of an em.
    pub(super) ascent: f32,
    pub(super) descent: f32,
    /// Left, bottom, right, top, of an em.
    pub(super) bounds: [f32; 4],
}

impl Ttf {
    /// Reads a file; nothing when it is not what it should be.
    pub(super) fn read(data: &'static [u8]) -> Option<Self> {
        let head = table(data, *b"head")?;
        let hhea = table(data, *b"hhea")?;
        let units = f32::from(u16_at(data, head + 18)?);
        let of_em = |at| i16_at(data, at).map(|value| f32::from(value) / units);
        Some(Self {
            data,
            cmap: subtable(data, table(data, *b"cmap")?)?,
            hmtx: table(data, *b"hmtx")?,
            widths: u16_at(data, hhea + 34)?,
            units,
            ascent: of_em(hhea + 4)?,
            descent: of_em(hhea + 6)?,
            bounds: [
                of_em(head + 36)?,
                of_em(head + 38)?,
                of_em(head + 40)?,
                of_em(head + 42)?,
            ],
        })
    }

    /// The glyph of a character; nothing when the typeface lacks it.
    pub(super) fn glyph(&self, c: char) -> Option<u16> {
        let found = match u16_at(self.data, self.cmap)? {
            4 => self.in_segments(u16::try_from(u32::from(c)).ok()?),
            12 => self.in_groups(u32::from(c)),
            _ => None,
        };
        found.filter(|glyph| *glyph != 0)
    }

    /// The width of a glyph, of an em.
    pub(super) fn width(&self, glyph: u16) -> f32 {
        let entry = glyph.min(self.widths.saturating_sub(1));
        let width = u16_at(self.data, self.hmtx + usize::from(entry) * 4);
        f32::from(width.unwrap_or(0)) / self.units
    }

    /// `cmap` format 4.
    fn in_segments(&self, code: u16) -> Option<u16> {
        let (data, at) = (self.data, self.cmap);
        let size = usize::from(u16_at(data, at + 6)?);
        let ends = at + 14;
        let segment = (0..size / 2).find(|n| u16_at(data, ends + n * 2).is_some_and(|end| code <= end))? * 2;
        let start = u16_at(data, ends + size + 2 + segment)?;
        let delta = u16_at(data, ends + size * 2 + 2 + segment)?;
        let offset_at = ends + size * 3 + 2 + segment;
        if code < start {
            return None;
        }
        match u16_at(data, offset_at)? {
            0 => Some(code.wrapping_add(delta)),
            offset => match u16_at(data, offset_at + usize::from(offset) + usize::from(code - start) * 2)? {
                0 => None,
                glyph => Some(glyph.wrapping_add(delta)),
            },
        }
    }

    /// `cmap` format 12.
    fn in_groups(&self, code: u32) -> Option<u16> {
        let (data, at) = (self.data, self.cmap);
        let count = u32_at(data, at + 12)? as usize;
        let group = (0..count)
            .map(|n| at + 16 + n * 12)
            .find(|group| u32_at(data, group + 4).is_some_and(|end| code <= end))?;
        let first = u32_at(data, group)?;
        let glyph = u32_at(data, group + 8)?.checked_add(code.checked_sub(first)?)?;
        u16::try_from(glyph).ok()
    }
}

/// Where a table begins.
fn table(data: &[u8], tag: [u8; 4]) -> Option<usize> {
    let count = usize::from(u16_at(data, 4)?);
    let record = (0..count)
        .map(|n| 12 + n * 16)
        .find(|at| data.get(*at..at + 4) == Some(&tag))?;
    Some(u32_at(data, record + 8)? as usize)
}

/// Where the subtable for Unicode begins: all of it when there is one, else the first plane.
fn subtable(data: &[u8], cmap: usize) -> Option<usize> {
    let count = usize::from(u16_at(data, cmap + 2)?);
    let find = |wanted: (u16, u16)| {
        let records = (0..count).map(|n| cmap + 4 + n * 8);
        let mut fitting = records.filter(|at| u16_at(data, *at).zip(u16_at(data, at + 2)) == Some(wanted));
        fitting.next().and_then(|at| u32_at(data, at + 4))
    };
    let offset = find((3, 10)).or_else(|| find((3, 1)))?;
    Some(cmap + offset as usize)
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    let bytes = data.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

fn i16_at(data: &[u8], at: usize) -> Option<i16> {
    u16_at(data, at).map(u16::cast_signed)
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_typefaces_know_latin_and_cyrillic_and_say_what_they_lack() {
        for data in [notosans::REGULAR_TTF, notosans::BOLD_TTF, dejavu::sans_mono::regular()] {
            let ttf = Ttf::read(data).unwrap();
            for c in "AZaz09 ÄßéЖяЁё№–—…«»“”€−×".chars() {
                let glyph = ttf.glyph(c).unwrap_or_else(|| panic!("{c:?} is missing"));
                assert!(
                    (0.1..1.5).contains(&ttf.width(glyph)),
                    "{c:?} is {} wide",
                    ttf.width(glyph)
                );
            }
            assert_eq!(ttf.glyph('\u{4e2d}'), None);
            assert_ne!(ttf.glyph('A'), ttf.glyph('А'), "Latin and Cyrillic");
            assert!(ttf.ascent > 0.5 && ttf.descent < -0.1);
        }
        let mono = Ttf::read(dejavu::sans_mono::regular()).unwrap();
        let width = |c| mono.width(mono.glyph(c).unwrap()).to_bits();
        assert_eq!(width('i'), width('W'));
    }

    #[test]
    fn what_is_no_typeface_is_refused() {
        for data in [&b""[..], b"not a typeface at all", &notosans::REGULAR_TTF[..200]] {
            assert!(Ttf::read(data).is_none());
        }
    }
}
