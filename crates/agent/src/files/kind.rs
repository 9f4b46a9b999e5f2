//! What a file is, by its first bytes.

/// So many first bytes are looked at.
pub const HEAD_BYTES: usize = 512;
/// An interpreter's path is shown up to here (`BINPRM_BUF_SIZE` of Linux is 256).
const INTERPRETER_BYTES: usize = 255;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A program or library of Linux and other Unix systems.
    Elf,
    /// A program or library of Windows, or of DOS.
    Pe,
    /// A program or library of macOS.
    MachO,
    /// Text that begins with `#!`.
    Script {
        /// Who runs it, with its options.
        interpreter: String,
    },
    /// Several files in one, or a compressed one.
    Archive {
        /// Its usual ending.
        format: &'static str,
    },
    /// A document that may hold programs.
    Document {
        /// Its usual ending.
        format: &'static str,
    },
    /// Anything without control characters.
    Text,
    /// Nothing is in it.
    Empty,
    /// Anything else.
    Other,
}

/// Where the mark of an archive or document stands, the mark, and its usual ending.
const MARKS: &[(usize, &[u8], Marked, &str)] = &[
    (0, b"PK\x03\x04", Marked::Archive, "zip"),
    (0, b"PK\x05\x06", Marked::Archive, "zip"),
    (0, b"\x1f\x8b", Marked::Archive, "gz"),
    (0, b"\xfd7zXZ\0", Marked::Archive, "xz"),
    (0, b"\x28\xb5\x2f\xfd", Marked::Archive, "zst"),
    (0, b"BZh", Marked::Archive, "bz2"),
    (0, b"7z\xbc\xaf\x27\x1c", Marked::Archive, "7z"),
    (0, b"Rar!\x1a\x07", Marked::Archive, "rar"),
    (0, b"MSCF\0\0\0\0", Marked::Archive, "cab"),
    (0, b"!<arch>\n", Marked::Archive, "ar"),
    (0, b"\xed\xab\xee\xdb", Marked::Archive, "rpm"),
    (257, b"ustar", Marked::Archive, "tar"),
    (0, b"%PDF-", Marked::Document, "pdf"),
    (0, b"{\\rtf", Marked::Document, "rtf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Marked::Document, "ole"),
];

#[derive(Clone, Copy)]
enum Marked {
    Archive,
    Document,
}

impl FileKind {
    /// By a file's first [`HEAD_BYTES`] bytes, or all of them where it is smaller.
    pub fn of(head: &[u8]) -> Self {
        if head.is_empty() {
            return Self::Empty;
        }
        if head.starts_with(b"\x7fELF") {
            return Self::Elf;
        }
        if head.starts_with(b"MZ") {
            return Self::Pe;
        }
        if is_mach_o(head) {
            return Self::MachO;
        }
        if let Some(rest) = head.strip_prefix(b"#!") {
            return Self::Script {
                interpreter: interpreter(rest),
            };
        }
        let has = |at: usize, mark: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(mark));
        match MARKS.iter().find(|(at, mark, ..)| has(*at, mark)) {
            Some((_, _, Marked::Archive, format)) => Self::Archive { format },
            Some((_, _, Marked::Document, format)) => Self::Document { format },
            None if is_text(head) => Self::Text,
            None => Self::Other,
        }
    }

    /// For programs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Elf => "elf",
            Self::Pe => "pe",
            Self::MachO => "mach_o",
            Self::Script { .. } => "script",
            Self::Archive { .. } => "archive",
            Self::Document { .. } => "document",
            Self::Text => "text",
            Self::Empty => "empty",
            Self::Other => "other",
        }
    }

    /// For people: one or two words.
    pub fn words(&self) -> String {
        match self {
            Self::Elf => "ELF".to_owned(),
            Self::Pe => "PE".to_owned(),
            Self::MachO => "Mach-O".to_owned(),
            Self::Script { interpreter } => {
                let program = interpreter.split_whitespace().find(|word| !is_env(word));
                let name = program.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
                format!("script {name}").trim_end().to_owned()
            }
            Self::Archive { format } | Self::Document { format } => (*format).to_owned(),
            Self::Text => "text".to_owned(),
            Self::Empty => "empty".to_owned(),
            Self::Other => "other".to_owned(),
        }
    }
}

fn is_env(word: &str) -> bool {
    word.rsplit('/').next() == Some("env") || word == "-S"
}

/// Thin binaries of both sizes and byte orders. A fat one begins as a Java class does: how many programs it holds tells.
fn is_mach_o(head: &[u8]) -> bool {
    const THIN: [&[u8]; 4] = [
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
    ];
    const PROGRAMS_MAX: u8 = 20;
    let fat = |rest: &[u8]| matches!(rest, [0, 0, 0, count, ..] if *count <= PROGRAMS_MAX);
    THIN.iter().any(|mark| head.starts_with(mark)) || head.strip_prefix(b"\xca\xfe\xba\xbe").is_some_and(fat)
}

fn interpreter(rest: &[u8]) -> String {
    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let line = String::from_utf8_lossy(&rest[..end.min(INTERPRETER_BYTES)]);
    line.trim().to_owned()
}

fn is_text(head: &[u8]) -> bool {
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    if head.iter().any(is_control) {
        return false;
    }
    match std::str::from_utf8(head) {
        Ok(_) => true,
        // The last character may be cut off.
        Err(error) => error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let tar = [vec![b'a'; 257], b"ustar\0".to_vec()].concat();
        let long = "#!".to_owned() + &"x".repeat(400);
        let cases: [(&[u8], &str); 16] = [
            (b"", "empty"),
            (b"\x7fELF\x02\x01", "ELF"),
            (b"MZ\x90\0", "PE"),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", "Mach-O"),
            (b"\xca\xfe\xba\xbe\0\0\0\x41", "other"),
            (b"#!/bin/sh\necho", "script sh"),
            (b"#! /usr/bin/env -S python3 -u\n", "script python3"),
            (b"#!", "script"),
            (b"PK\x03\x04", "zip"),
            (b"\x28\xb5\x2f\xfd", "zst"),
            (&tar, "tar"),
            (b"%PDF-1.7", "pdf"),
            ("текст".as_bytes(), "text"),
            (&"текст".as_bytes()[..9], "text"),
            (b"a\0b", "other"),
            (b"\xff\xfe\xff", "other"),
        ];
        for (head, words) in cases {
            assert_eq!(FileKind::of(head).words(), words, "{head:?}");
        }
        let FileKind::Script { interpreter } = FileKind::of(long.as_bytes()) else {
            unreachable!("it begins so")
        };
        assert_eq!(interpreter.len(), INTERPRETER_BYTES);
    }
}
