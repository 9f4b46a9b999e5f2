use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchpost_kit::{ByteSize, DurationText};
use watchpost_pipeline::{Codec, Framing, PipelineError, TextEncoding, TimeZone};

use crate::source::SourceError;
use crate::source::file::globs::{GlobList, Pattern};

/// `[[source.file]]` as it stands in the configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSourceConfig {
    /// Off without taking the section out.
    pub enabled: bool,
    /// A label.
    pub name: String,
    /// Files and globs; a folder means everything below it.
    pub include: Vec<String>,
    /// Left out of these.
    pub exclude: Vec<String>,
    /// `end`, `beginning`, or a time back: `6h`. Files that appear later are read from their beginning.
    pub start: String,
    /// How records are read.
    pub codec: Codec,
    /// A format of `[format.NAME]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// What ends a record; else the default's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// How bytes stand for text: `auto` (a byte order mark says it, else UTF-8), or a name of the WHATWG Encoding
    /// Standard; else the default's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The largest record; else the default's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_record: Option<ByteSize>,
    /// Larger files raise an alarm; else the default's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_file: Option<ByteSize>,
    /// How many first bytes identify a content; else the default's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint_bytes: Option<ByteSize>,
    /// Whether compressed files are read; else the default's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decompress: Option<Decompress>,
    /// How often folders and files are looked at.
    pub poll: DurationText,
    /// A rotated file without growth for so long is finished.
    pub close_after: DurationText,
    /// Rotated files open at most.
    pub keep_open: usize,
}

impl Default for FileSourceConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            name: String::new(),
            include: Vec::new(),
            exclude: Vec::new(),
            start: "end".to_owned(),
            codec: Codec::Auto,
            format: None,
            separator: None,
            encoding: None,
            max_record: None,
            max_file: None,
            fingerprint_bytes: None,
            decompress: None,
            poll: DurationText::from_secs(1),
            close_after: DurationText::from_secs(300),
            keep_open: 256,
        }
    }
}

/// A byte order mark says the encoding; without one it is UTF-8.
const AUTO: &str = "auto";

/// What becomes of compressed files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decompress {
    /// gzip, zstd, xz and bzip2 are recognised by their content and read as what they hold.
    #[default]
    Auto,
    /// Files whose names end like those of compressed ones are left out.
    Off,
}

/// `[defaults]`: for every file source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileDefaults {
    /// What ends a record.
    pub separator: String,
    /// How bytes stand for text.
    pub encoding: String,
    /// The largest record: a longer one becomes two events.
    pub max_record: ByteSize,
    /// Larger files raise an alarm.
    pub max_file: ByteSize,
    /// How many first bytes identify a content.
    pub fingerprint_bytes: ByteSize,
    /// Whether compressed files are read.
    pub decompress: Decompress,
}

impl Default for FileDefaults {
    fn default() -> Self {
        Self {
            separator: "\n".to_owned(),
            encoding: AUTO.to_owned(),
            max_record: ByteSize(256 << 10),
            max_file: ByteSize(4_000_000_000),
            fingerprint_bytes: ByteSize(1 << 10),
            decompress: Decompress::Auto,
        }
    }
}

/// `[format.NAME]`: how records of several lines are told apart.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FormatConfig {
    /// A line that matches begins a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_before: Option<String>,
    /// A line that matches ends a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_after: Option<String>,
    /// What ends a line; else the source's separator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub separator: Option<String>,
    /// Gathered lines are a record when nothing follows for so long; 2 s unless set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<DurationText>,
}

/// Where reading of files begins that were there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Behind what is there.
    End,
    /// With the first byte.
    Beginning,
    /// With what was written within so long: by the records' own times, else by the file's.
    Within(Duration),
    /// With what was written within the last day, and of a file that has been quiet with its last records.
    Recent,
}

/// A file source's settings, checked.
#[derive(Clone, Debug)]
pub struct FileSettings {
    /// A label.
    pub name: String,
    /// Which files.
    pub(super) globs: GlobList,
    /// Where to begin.
    pub start: Start,
    /// How records are read.
    pub codec: Codec,
    /// Whether syslog lines about logins become events with fields.
    pub auth: bool,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// How records are told apart.
    pub framing: Arc<Framing>,
    /// The same for other encodings, for contents that begin with their byte order mark.
    marked: Vec<Arc<Framing>>,
    /// When gathered lines are handed out although nothing follows.
    pub lines_timeout: Duration,
    /// How many first bytes identify a content.
    pub fingerprint_bytes: usize,
    /// How often folders and files are looked at.
    pub poll: Duration,
    /// A rotated file without growth for so long is finished.
    pub close_after: Duration,
    /// Rotated files open at most.
    pub keep_open: usize,
    /// Larger files raise an alarm.
    pub max_file: u64,
    /// Compressed files are read.
    pub decompress: bool,
}

impl FileSettings {
    /// How records of a content are told apart that begins with these bytes.
    pub(super) fn framing_of(&self, begin: &[u8]) -> Arc<Framing> {
        let marked = TextEncoding::of_mark(begin);
        let fitting = self.marked.iter().find(|framing| Some(framing.encoding()) == marked);
        Arc::clone(fitting.unwrap_or(&self.framing))
    }

    /// A file that several sources include belongs to the first of them, so that nothing is collected twice.
    pub fn separate(sources: &mut [Self]) {
        for at in 1..sources.len() {
            let (earlier, later) = sources.split_at_mut(at);
            // Earlier lists without what they leave out themselves: it is left to one still earlier.
            for other in earlier.iter() {
                later[0].globs.leave_to(&other.globs.alone());
            }
        }
    }
}

impl FileSourceConfig {
    /// Checks everything and fills in the defaults. Relative paths are taken from the working folder.
    pub fn resolve(
        &self,
        defaults: &FileDefaults,
        formats: &BTreeMap<String, FormatConfig>,
    ) -> Result<FileSettings, SourceError> {
        if self.include.is_empty() {
            return Err(SourceError::NoInclude {
                name: self.name.clone(),
            });
        }
        let format = match &self.format {
            None => FormatConfig::default(),
            Some(name) => formats
                .get(name)
                .cloned()
                .ok_or_else(|| SourceError::UnknownFormat { name: name.clone() })?,
        };
        let (framing, marked) = self.framing(defaults, &format)?;
        let decompress = self.decompress.unwrap_or(defaults.decompress) == Decompress::Auto;
        let fingerprint = self.fingerprint_bytes.unwrap_or(defaults.fingerprint_bytes).bytes();
        Ok(FileSettings {
            name: self.name.clone(),
            globs: GlobList::new(
                &all(&self.include, Pattern::new)?,
                &all(&self.exclude, Pattern::excluding)?,
                decompress,
            ),
            start: start(&self.start)?,
            codec: self.codec,
            auth: true,
            zone: TimeZone::system(),
            framing,
            marked,
            lines_timeout: format.timeout.map_or(Duration::from_secs(2), |timeout| timeout.0),
            fingerprint_bytes: in_range("fingerprint_bytes", fingerprint, 16, 64 << 10)? as usize,
            poll: self.poll.0.max(Duration::from_millis(1)),
            close_after: self.close_after.0,
            keep_open: in_range("keep_open", self.keep_open as u64, 1, 100_000)? as usize,
            max_file: self.max_file.unwrap_or(defaults.max_file).bytes(),
            decompress,
        })
    }

    /// The framing, and those for contents that begin with a byte order mark.
    fn framing(
        &self,
        defaults: &FileDefaults,
        format: &FormatConfig,
    ) -> Result<(Arc<Framing>, Vec<Arc<Framing>>), SourceError> {
        let encoding = self.encoding.as_ref().unwrap_or(&defaults.encoding);
        let separator = format.separator.as_ref().or(self.separator.as_ref());
        let separator = separator.unwrap_or(&defaults.separator);
        let max_record = self.max_record.unwrap_or(defaults.max_record);
        let build = || {
            let mut framing = Framing::lines()
                .with_separator(separator.as_bytes())?
                .with_max_record(max_record.as_usize())?;
            if let Some(pattern) = &format.break_before {
                framing = framing.with_break_before(pattern)?;
            }
            if let Some(pattern) = &format.break_after {
                framing = framing.with_break_after(pattern)?;
            }
            if encoding != AUTO {
                return Ok((
                    Arc::new(framing.with_encoding(TextEncoding::named(encoding)?)?),
                    Vec::new(),
                ));
            }
            let marked = ["utf-16le", "utf-16be"]
                .into_iter()
                .map(|name| Ok(Arc::new(framing.clone().with_encoding(TextEncoding::named(name)?)?)))
                .collect::<Result<_, PipelineError>>()?;
            Ok((Arc::new(framing), marked))
        };
        build().map_err(|source| SourceError::Pipeline {
            name: self.name.clone(),
            source,
        })
    }
}

fn all(texts: &[String], read: impl Fn(&str) -> Result<Pattern, SourceError>) -> Result<Vec<Pattern>, SourceError> {
    texts.iter().map(|text| read(text)).collect()
}

/// Reads a `start` of the configuration.
pub(in crate::source) fn start(text: &str) -> Result<Start, SourceError> {
    match text {
        "end" => Ok(Start::End),
        "beginning" => Ok(Start::Beginning),
        "recent" => Ok(Start::Recent),
        _ => match text.parse::<DurationText>() {
            Ok(back) => Ok(Start::Within(back.0)),
            Err(_) => Err(SourceError::BadStart(text.to_owned())),
        },
    }
}

fn in_range(key: &'static str, value: u64, least: u64, most: u64) -> Result<u64, SourceError> {
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(SourceError::OutOfRange {
        key,
        value,
        least,
        most,
    })
}

/// An absolute path without `.` components, whatever the working folder.
pub(super) fn absolute(path: &str) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path))
}
