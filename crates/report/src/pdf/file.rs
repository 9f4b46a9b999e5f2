//! Pages to the bytes of a PDF file (ISO 32000-1).

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::{Content, Date, Filter, Finish, Name, Pdf, Rect, Ref, TextStr};

use super::flow::{Entry, Pages};
use super::fonts::{Face, Fonts};
use super::paint::PAPER;
use crate::clean::{self, LABEL_CHARS_MAX};
use crate::error::ReportError;
use crate::model::Report;
use crate::words::PRODUCT;
use crate::zone;

/// Bytes made smaller as PDF wants it.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("writing into memory cannot fail")
}

pub(super) fn file(report: &Report, fonts: &Fonts, pages: Pages) -> Result<Vec<u8>, ReportError> {
    let mut pdf = Pdf::new();
    let mut last = 0;
    let mut next = || {
        last += 1;
        Ref::new(last)
    };
    let (catalog, tree, info, outline) = (next(), next(), next(), next());
    let faces = fonts.write(&mut pdf, &mut next)?;
    let places: Vec<Ref> = pages.sheets.iter().map(|_| next()).collect();
    pdf.pages(tree)
        .kids(places.iter().copied())
        .count(i32::try_from(places.len()).unwrap_or(i32::MAX));
    for (place, content) in places.iter().zip(pages.sheets) {
        page(&mut pdf, *place, tree, &faces, content, next());
    }
    write_outline(&mut pdf, outline, &pages.entries, &places, &mut next);
    let mut root = pdf.catalog(catalog);
    root.pages(tree).lang(TextStr(report.language.tag()));
    root.viewer_preferences().display_doc_title(true);
    if !pages.entries.is_empty() {
        root.outlines(outline);
    }
    root.finish();
    write_info(&mut pdf, info, report);
    Ok(pdf.finish())
}

fn page(pdf: &mut Pdf, place: Ref, tree: Ref, faces: &[(Face, Ref)], content: Content, id: Ref) {
    let mut page = pdf.page(place);
    page.media_box(Rect::new(0.0, 0.0, PAPER.0, PAPER.1))
        .parent(tree)
        .contents(id);
    let mut resources = page.resources();
    let mut fonts = resources.fonts();
    for (face, font) in faces {
        fonts.pair(face.name(), font);
    }
    fonts.finish();
    resources.finish();
    page.finish();
    let packed = deflate(content.finish().as_slice());
    pdf.stream(id, &packed).filter(Filter::FlateDecode);
}

fn write_outline(pdf: &mut Pdf, id: Ref, entries: &[Entry], pages: &[Ref], next: &mut impl FnMut() -> Ref) {
    let items: Vec<Ref> = entries.iter().map(|_| next()).collect();
    let (Some(first), Some(last)) = (items.first(), items.last()) else {
        return;
    };
    pdf.outline(id)
        .first(*first)
        .last(*last)
        .count(i32::try_from(items.len()).unwrap_or(i32::MAX));
    for (n, entry) in entries.iter().enumerate() {
        let mut item = pdf.outline_item(items[n]);
        item.parent(id).title(TextStr(&entry.title));
        if n > 0 {
            item.prev(items[n - 1]);
        }
        if let Some(after) = items.get(n + 1) {
            item.next(*after);
        }
        item.dest().page(pages[entry.page]).xyz(0.0, PAPER.1 - entry.top, None);
    }
}

fn write_info(pdf: &mut Pdf, id: Ref, report: &Report) {
    let made = zone::local(report.made, &jiff::tz::TimeZone::UTC);
    let part = |value: i8| value.unsigned_abs();
    let date = Date::new(made.year().unsigned_abs())
        .month(part(made.month()))
        .day(part(made.day()))
        .hour(part(made.hour()))
        .minute(part(made.minute()))
        .second(part(made.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    let mut title = clean::plain(&report.title, LABEL_CHARS_MAX);
    if let Some(subject) = &report.subject {
        title = format!("{title} – {}", clean::plain(subject, LABEL_CHARS_MAX));
    }
    pdf.document_info(id)
        .title(TextStr(&title))
        .creator(TextStr(PRODUCT))
        .producer(TextStr(PRODUCT))
        .creation_date(date)
        .pair(Name(b"Trapped"), Name(b"False"));
}
