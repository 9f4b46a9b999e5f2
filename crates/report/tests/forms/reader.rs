//! As much of a PDF reader as the tests need: objects by their offsets in the cross-reference table, streams inflated,
//! text as a reader copies it, and where it stands.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::ZlibDecoder;

/// A stretch of text on a page.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) left: f32,
    pub(crate) right: f32,
    /// From the lower edge.
    pub(crate) y: f32,
}

/// From each object's beginning to the end of the file.
type Objects<'a> = BTreeMap<usize, &'a [u8]>;

/// By the names that every page gives them.
type Fonts = BTreeMap<&'static str, Font>;

struct Font {
    unicode: BTreeMap<u16, String>,
    widths: Vec<f32>,
}

/// Every page's text.
pub(crate) fn read(file: &[u8]) -> Vec<Vec<Said>> {
    let objects = objects(file);
    let root = object_at(&objects, reference(&trailer(file), "/Root").unwrap());
    let tree = object_at(&objects, reference(&root, "/Pages").unwrap());
    let kids = tree.split("/Kids [").nth(1).unwrap().split(']').next().unwrap();
    let kids: Vec<usize> = kids.split(" 0 R").filter_map(|kid| kid.trim().parse().ok()).collect();
    assert!(tree.contains(&format!("/Count {}", kids.len())), "{tree}");
    let first = object_at(&objects, *kids.first().unwrap());
    let fonts: Fonts = ["/F1", "/F2", "/F3"]
        .into_iter()
        .filter_map(|name| Some((name, font(&objects, reference(&first, name)?))))
        .collect();
    kids.into_iter().map(|kid| page(&objects, &fonts, kid)).collect()
}

fn trailer(file: &[u8]) -> String {
    let text = String::from_utf8_lossy(file);
    text.rsplit("trailer").next().unwrap().to_owned()
}

/// Objects by their number, found where the cross-reference table says.
fn objects(file: &[u8]) -> Objects<'_> {
    let end = String::from_utf8_lossy(&file[file.len() - 64..]).into_owned();
    let start: usize = end
        .split("startxref")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let table = String::from_utf8_lossy(&file[start..]).into_owned();
    let mut lines = table.lines().skip(1);
    let count: usize = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let mut found = BTreeMap::new();
    for (number, line) in lines.take(count).enumerate() {
        if line.contains(" n") {
            let at: usize = line[..10].parse().unwrap();
            let head = format!("{number} 0 obj");
            assert!(file[at..].starts_with(head.as_bytes()), "object {number} is elsewhere");
            found.insert(number, &file[at + head.len()..]);
        }
    }
    found
}

/// An object's own text, up to its stream.
fn object_at(objects: &Objects<'_>, number: usize) -> String {
    let bytes = objects[&number];
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(20_000)]).into_owned();
    let end = ["stream", "endobj"]
        .iter()
        .filter_map(|word| text.find(word))
        .min()
        .unwrap();
    text[..end].to_owned()
}

fn reference(object: &str, key: &str) -> Option<usize> {
    object
        .split(&format!("{key} "))
        .nth(1)?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn stream(objects: &Objects<'_>, number: usize) -> Vec<u8> {
    let length = reference(&object_at(objects, number), "/Length").unwrap();
    let bytes = objects[&number];
    let start = bytes.windows(7).position(|at| at == b"stream\n").unwrap() + 7;
    let mut out = Vec::new();
    ZlibDecoder::new(&bytes[start..start + length])
        .read_to_end(&mut out)
        .unwrap();
    out
}

fn font(objects: &Objects<'_>, number: usize) -> Font {
    let outer = object_at(objects, number);
    let cmap = String::from_utf8(stream(objects, reference(&outer, "/ToUnicode").unwrap())).unwrap();
    let mut unicode = BTreeMap::new();
    for line in cmap
        .lines()
        .filter(|line| line.starts_with('<') && line.matches('<').count() == 2)
    {
        let parts: Vec<&str> = line.split(['<', '>']).collect();
        let Ok(code) = u16::from_str_radix(parts[1], 16) else {
            continue;
        };
        let units = parts[3]
            .as_bytes()
            .chunks(4)
            .map(|unit| std::str::from_utf8(unit).unwrap());
        let units: Vec<u16> = units.map(|unit| u16::from_str_radix(unit, 16).unwrap()).collect();
        unicode.insert(code, String::from_utf16(&units).unwrap());
    }
    unicode.remove(&0);
    let inner = outer
        .split("/DescendantFonts [")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    let inner = object_at(objects, inner.parse().unwrap());
    let widths = inner
        .split("/W [")
        .nth(1)
        .unwrap()
        .split('[')
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap();
    Font {
        unicode,
        widths: widths.split_whitespace().map(|width| width.parse().unwrap()).collect(),
    }
}

fn page(objects: &Objects<'_>, fonts: &Fonts, number: usize) -> Vec<Said> {
    let page = object_at(objects, number);
    let content = stream(objects, reference(&page, "/Contents").unwrap());
    let mut said = Vec::new();
    let (mut name, mut size, mut place) = (String::new(), 0.0, (0.0, 0.0));
    let mut operands: Vec<Token> = Vec::new();
    for token in Tokens(&content, 0) {
        match &token {
            Token::Word(word) if word == "Tf" => {
                name = operands[0].word();
                size = operands[1].number();
            }
            Token::Word(word) if word == "Td" => place = (operands[0].number(), operands[1].number()),
            Token::Word(word) if word == "Tj" => {
                let Token::Bytes(bytes) = &operands[0] else {
                    panic!("a string")
                };
                let codes: Vec<u16> = bytes
                    .chunks(2)
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                    .collect();
                let font = &fonts[name.as_str()];
                let wide: f32 = codes.iter().map(|code| font.widths[usize::from(*code) - 1]).sum();
                said.push(Said {
                    text: codes.iter().map(|code| font.unicode[code].as_str()).collect(),
                    left: place.0,
                    right: place.0 + wide * size / 1_000.0,
                    y: place.1,
                });
            }
            _ => {}
        }
        let operator = matches!(&token, Token::Word(word) if word.starts_with(|c: char| c.is_ascii_alphabetic()));
        if operator {
            operands.clear();
        } else {
            operands.push(token);
        }
    }
    said
}

enum Token {
    Word(String),
    Bytes(Vec<u8>),
}

impl Token {
    fn word(&self) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Bytes(_) => panic!("a word"),
        }
    }

    fn number(&self) -> f32 {
        self.word().parse().unwrap()
    }
}

/// The tokens of a content stream (ISO 32000-1 §7.2, §7.3.4).
struct Tokens<'a>(&'a [u8], usize);

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        while self.0.get(self.1)?.is_ascii_whitespace() {
            self.1 += 1;
        }
        match self.0[self.1] {
            b'(' => Some(Token::Bytes(self.literal())),
            b'<' => Some(Token::Bytes(self.hexadecimal())),
            _ => {
                let start = self.1;
                while self
                    .0
                    .get(self.1)
                    .is_some_and(|b| !b.is_ascii_whitespace() && !b"(<".contains(b))
                {
                    self.1 += 1;
                }
                Some(Token::Word(String::from_utf8(self.0[start..self.1].to_vec()).unwrap()))
            }
        }
    }
}

impl Tokens<'_> {
    fn byte(&mut self) -> u8 {
        self.1 += 1;
        self.0[self.1 - 1]
    }

    fn literal(&mut self) -> Vec<u8> {
        let (mut out, mut depth) = (Vec::new(), 0);
        loop {
            match self.byte() {
                b'(' => {
                    depth += 1;
                    if depth > 1 {
                        out.push(b'(');
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        return out;
                    }
                    out.push(b')');
                }
                b'\\' => {
                    let c = self.byte();
                    out.push(match c {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'b' => 8,
                        b'f' => 12,
                        b'0'..=b'7' => {
                            let rest = [self.byte(), self.byte()];
                            (c - b'0') * 64 + (rest[0] - b'0') * 8 + (rest[1] - b'0')
                        }
                        c => c,
                    });
                }
                c => out.push(c),
            }
        }
    }

    fn hexadecimal(&mut self) -> Vec<u8> {
        self.1 += 1;
        let start = self.1;
        while self.byte() != b'>' {}
        let digits = &self.0[start..self.1 - 1];
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }
}
