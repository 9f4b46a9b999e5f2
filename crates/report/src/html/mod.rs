//! One page that needs nothing else: no script, no resource from outside, and a policy that forbids both. Every text
//! goes through [`Page::text`], and nothing that came with the data ever stands in an attribute.

mod blocks;
mod svg;

use std::fmt::Write;

use crate::clean::{self, LABEL_CHARS_MAX, TEXT_CHARS_MAX};
use crate::model::{Finding, Report, Section, Tone};
use crate::words::PRODUCT;
use crate::zone;

const STYLE: &str = include_str!("style.css");

/// The report as one HTML file.
pub fn html(report: &Report) -> String {
    let mut page = Page {
        report,
        out: String::with_capacity(32 * 1024),
    };
    page.head();
    page.raw("<body>\n<main>\n");
    page.header();
    page.summary(&report.summary);
    for section in &report.sections {
        page.section(section);
    }
    page.footer();
    page.raw("</main>\n</body>\n</html>\n");
    page.out
}

struct Page<'a> {
    report: &'a Report,
    out: String,
}

impl Page<'_> {
    /// Our own markup.
    fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    /// A text of anyone's, within an element.
    fn text(&mut self, text: &str, chars_max: usize) {
        for piece in clean::pieces(text, chars_max) {
            if piece.mark {
                self.raw("<i>");
            }
            escape(&piece.text, &mut self.out);
            if piece.mark {
                self.raw("</i>");
            }
        }
    }

    /// An element that holds nothing but a text.
    fn element(&mut self, name: &'static str, text: &str, chars_max: usize) {
        let _ = write!(self.out, "<{name}>");
        self.text(text, chars_max);
        let _ = writeln!(self.out, "</{name}>");
    }

    /// Such an element of a class of ours.
    fn classed(&mut self, name: &'static str, class: &'static str, text: &str, chars_max: usize) {
        let _ = write!(self.out, "<{name} class=\"{class}\">");
        self.text(text, chars_max);
        let _ = writeln!(self.out, "</{name}>");
    }

    fn head(&mut self) {
        let tag = self.report.language.tag();
        let _ = write!(
            self.out,
            "<!doctype html>\n<html lang=\"{tag}\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<title>"
        );
        // A title shows no colours: its marks are text as the rest.
        let subject = self.report.subject.iter().map(String::as_str);
        let parts: Vec<String> = std::iter::once(self.report.title.as_str())
            .chain(subject)
            .map(|part| clean::plain(part, LABEL_CHARS_MAX))
            .collect();
        let title = format!("{} – {PRODUCT}", parts.join(" – "));
        escape(&title, &mut self.out);
        let _ = write!(self.out, "</title>\n<style>\n{STYLE}</style>\n</head>\n");
    }

    fn header(&mut self) {
        self.raw("<header>\n<p class=\"product\">");
        self.raw(svg::LOGO);
        let _ = writeln!(self.out, "{PRODUCT}</p>");
        self.element("h1", &self.report.title, LABEL_CHARS_MAX);
        if let Some(subject) = &self.report.subject {
            self.classed("p", "subject", subject, LABEL_CHARS_MAX);
        }
        self.classed("p", "period", &zone::period(self.report), LABEL_CHARS_MAX);
        self.raw("</header>\n");
    }

    fn summary(&mut self, findings: &[Finding]) {
        if findings.is_empty() {
            return;
        }
        self.raw("<section class=\"summary\">\n");
        self.element("h2", self.report.language.summary(), LABEL_CHARS_MAX);
        self.raw("<ul>\n");
        for finding in findings {
            let _ = write!(self.out, "<li class=\"{}\">", tone_class(finding.tone));
            self.text(&finding.text, TEXT_CHARS_MAX);
            self.raw("</li>\n");
        }
        self.raw("</ul>\n</section>\n");
    }

    fn section(&mut self, section: &Section) {
        self.raw("<section>\n");
        self.element("h2", &section.title, LABEL_CHARS_MAX);
        if let Some(intro) = &section.intro {
            self.classed("p", "intro", intro, TEXT_CHARS_MAX);
        }
        for block in &section.blocks {
            self.block(block);
        }
        self.raw("</section>\n");
    }

    fn footer(&mut self) {
        let at = zone::minute(self.report.made, &self.report.zone);
        let made = self.report.language.made(&at, &zone::place(self.report));
        self.element("footer", &made, LABEL_CHARS_MAX);
    }
}

fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Attention => "attention",
        Tone::Bad => "bad",
    }
}

/// Text that cannot end an element, nor an attribute if it should ever come to stand in one.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
}
