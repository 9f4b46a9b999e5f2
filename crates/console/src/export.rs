//! Every row of a search, written as it comes.

use std::io::Write;

use crate::search::borrowed;
use crate::{Client, ConsoleError, Exit, Progress, Search};

/// What an export says at its end when it is not whole is in here.
const TAIL: usize = 8 << 10;

/// How an export looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportAs {
    /// One JSON array.
    Json,
    /// One JSON object per line.
    Ndjson,
    /// RFC 4180.
    Csv,
}

/// What is exported.
#[derive(Clone, Debug)]
pub struct Export {
    /// The search; its limit is not looked at.
    pub search: Search,
    /// How it looks.
    pub format: ExportAs,
    /// Defuse what a spreadsheet takes for formulas.
    pub safe: bool,
    /// At most so many rows; `None` for all.
    pub limit: Option<usize>,
}

impl Export {
    /// Writes all rows. When the server could not send all of them that is an error, and what came is written.
    pub async fn run(&self, client: &Client, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
        let mut parameters = self.search.parameters();
        let format = if self.format == ExportAs::Csv { "csv" } else { "ndjson" };
        parameters.push(("format", format.to_owned()));
        parameters.push(("safe", self.safe.to_string()));
        parameters.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        let progress = Progress::start("exporting");
        let mut pieces = client.pieces("/api/v1/export", &borrowed(&parameters)).await?;
        let mut writer = Writer::new(self.format);
        loop {
            match pieces.next().await {
                Ok(Some(piece)) => {
                    writer.write(&piece, out)?;
                    progress.say(format!("exporting: {} rows", writer.lines));
                }
                Ok(None) => break,
                Err(broken) => {
                    out.flush()?;
                    return Err(writer.reason().map_or(broken, |reason| ConsoleError::Ended { reason }));
                }
            }
        }
        writer.finish(out)?;
        out.flush()?;
        let headers = u64::from(self.format == ExportAs::Csv);
        Ok(if writer.lines > headers {
            Exit::Done
        } else {
            Exit::NothingFound
        })
    }
}

/// Passes rows on, and keeps what came last.
struct Writer {
    format: ExportAs,
    lines: u64,
    tail: Vec<u8>,
    /// The next row of an array begins.
    at_begin: bool,
}

impl Writer {
    const fn new(format: ExportAs) -> Self {
        Self {
            format,
            lines: 0,
            tail: Vec::new(),
            at_begin: true,
        }
    }

    fn write(&mut self, piece: &[u8], out: &mut dyn Write) -> Result<(), ConsoleError> {
        if self.format == ExportAs::Json {
            self.write_array(piece, out)?;
        } else {
            out.write_all(piece)?;
            self.lines += piece.split(|byte| *byte == b'\n').skip(1).count() as u64;
        }
        self.tail.extend(&piece[piece.len().saturating_sub(TAIL)..]);
        let old = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..old);
        Ok(())
    }

    /// Lines of JSON as the elements of an array.
    fn write_array(&mut self, piece: &[u8], out: &mut dyn Write) -> Result<(), ConsoleError> {
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.at_begin {
                out.write_all(if self.lines == 0 { b"[\n" } else { b",\n" })?;
                self.at_begin = false;
            }
            out.write_all(line.strip_suffix(b"\n").unwrap_or(line))?;
            if line.ends_with(b"\n") {
                self.lines += 1;
                self.at_begin = true;
            }
        }
        Ok(())
    }

    fn finish(&self, out: &mut dyn Write) -> Result<(), ConsoleError> {
        if self.format == ExportAs::Json {
            out.write_all(if self.lines == 0 { b"[]\n" } else { b"\n]\n" })?;
        }
        Ok(())
    }

    /// What the last line says about why it is the last.
    fn reason(&self) -> Option<String> {
        let tail = String::from_utf8_lossy(&self.tail);
        let last = tail.lines().next_back()?;
        if let Some(reason) = last.strip_prefix("# export ended early: ") {
            return Some(reason.trim().to_owned());
        }
        let value: serde_json::Value = serde_json::from_str(last).ok()?;
        let error = value.get("error")?;
        error.get("code").filter(|code| *code == "ended_early")?;
        Some(error.get("message")?.as_str()?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn written(format: ExportAs, pieces: &[&str]) -> (String, Writer) {
        let (mut writer, mut out) = (Writer::new(format), Vec::new());
        for piece in pieces {
            writer.write(piece.as_bytes(), &mut out).unwrap();
        }
        writer.finish(&mut out).unwrap();
        (String::from_utf8(out).unwrap(), writer)
    }

    #[test]
    fn lines_become_an_array_wherever_pieces_end() {
        let (text, writer) = written(ExportAs::Json, &["{\"a\"", ":1}\n{\"a\":2", "}\n"]);
        assert_eq!((text.as_str(), writer.lines), ("[\n{\"a\":1},\n{\"a\":2}\n]\n", 2));
        assert_eq!(written(ExportAs::Json, &[]).0, "[]\n");
        assert_eq!(written(ExportAs::Ndjson, &["{}\n", "{}\n"]).0, "{}\n{}\n");
    }

    #[test]
    fn the_last_line_says_why_it_is_the_last() {
        let reason = |format, pieces: &[&str]| written(format, pieces).1.reason();
        assert_eq!(
            reason(ExportAs::Csv, &["a,b\r\n1,2\r\n", "# export ended early: the disk\r\n"]).as_deref(),
            Some("the disk")
        );
        let line = "{\"error\":{\"code\":\"ended_early\",\"message\":\"why\"}}\n";
        assert_eq!(reason(ExportAs::Ndjson, &["{}\n", line]).as_deref(), Some("why"));
        assert_eq!(reason(ExportAs::Ndjson, &["{\"error\":{\"code\":5}}\n"]), None);
    }
}
