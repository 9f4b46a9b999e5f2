//! Which program a process belongs to.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::record::Image;
use super::settings::WatchEntry;
use super::table::COMM_BYTES;
use crate::AgentError;
use crate::config::setting;

/// Titles at most: a process remembers those of its ancestors as bits.
const TITLES_LIMIT: usize = 64;

/// The configuration's `watch`, compiled.
#[derive(Clone, Debug, Default)]
pub(super) struct WatchList {
    titles: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// Index of its title.
    title: u8,
    /// Lower case.
    names: Vec<String>,
    paths: GlobSet,
}

impl WatchList {
    pub(super) fn new(entries: &[WatchEntry]) -> Result<Self, AgentError> {
        let mut list = Self::default();
        for (at, entry) in entries.iter().enumerate() {
            list.add(&format!("source.process.watch[{at}]"), entry)?;
        }
        Ok(list)
    }

    fn add(&mut self, key: &str, entry: &WatchEntry) -> Result<(), AgentError> {
        if entry.title.trim().is_empty() {
            let message = "it is empty: say how people call the program".to_owned();
            return Err(setting(&format!("{key}.title"), message));
        }
        if entry.names.is_empty() && entry.paths.is_empty() {
            let message = "it matches nothing: give `names`, `paths` or both".to_owned();
            return Err(setting(key, message));
        }
        let title = match self.titles.iter().position(|title| *title == entry.title) {
            Some(at) => at,
            None if self.titles.len() == TITLES_LIMIT => {
                let message = format!("more than {TITLES_LIMIT} titles: give several entries one title");
                return Err(setting(&format!("{key}.title"), message));
            }
            None => {
                self.titles.push(entry.title.clone());
                self.titles.len() - 1
            }
        };
        let mut paths = GlobSetBuilder::new();
        for (at, path) in entry.paths.iter().enumerate() {
            let bad = |error: globset::Error| setting(&format!("{key}.paths[{at}]"), error.to_string());
            let slashes = path.replace('\\', "/");
            let mut glob = GlobBuilder::new(&slashes);
            glob.literal_separator(true).case_insensitive(true);
            paths.add(glob.build().map_err(bad)?);
        }
        let paths = paths.build();
        self.rules.push(Rule {
            title: title as u8,
            names: entry.names.iter().map(|name| name.to_lowercase()).collect(),
            paths: paths.map_err(|error| setting(&format!("{key}.paths"), error.to_string()))?,
        });
        Ok(())
    }

    /// The title of what a process runs: the first entry that matches. Of one that was gone too soon to be looked up
    /// only the kernel's short name is known: it matches names that begin with it.
    pub(super) fn title_of(&self, image: &Image) -> Option<u8> {
        let cut_off = image.executable.is_none() && image.name.len() == COMM_BYTES;
        let base = image.executable.as_deref().map(base_name);
        let lower: Vec<String> = [Some(image.name.as_str()), image.comm.as_deref(), base]
            .into_iter()
            .flatten()
            .map(str::to_lowercase)
            .collect();
        let path = image.executable.as_deref().map(|path| path.replace('\\', "/"));
        let matches = |rule: &&Rule| {
            let is_it =
                |name: &String| lower.contains(name) || (cut_off && lower.iter().any(|cut| name.starts_with(cut)));
            let name = rule.names.is_empty() || rule.names.iter().any(is_it);
            name && (rule.paths.is_empty() || path.as_ref().is_some_and(|path| rule.paths.is_match(path)))
        };
        self.rules.iter().find(matches).map(|rule| rule.title)
    }

    pub(super) fn title(&self, at: u8) -> Option<&str> {
        self.titles.get(usize::from(at)).map(String::as_str)
    }
}

/// What follows the last `/` or `\`.
pub(super) fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::source::process::ProcessSection;

    fn image(executable: &str, comm: &str) -> Image {
        Image {
            name: base_name(executable).to_owned(),
            comm: Some(comm.to_owned()),
            executable: Some(executable.to_owned()),
            ..Image::default()
        }
    }

    fn titled(list: &WatchList, image: &Image) -> Option<String> {
        let at = list.title_of(image)?;
        list.title(at).map(str::to_owned)
    }

    #[test]
    fn the_usual_names_are_known_in_any_case_and_a_common_name_only_at_its_place() {
        let list = WatchList::new(&ProcessSection::default().watch).unwrap();
        let title = |executable: &str, comm: &str| titled(&list, &image(executable, comm));
        assert_eq!(title("/opt/google/chrome/chrome", "chrome").as_deref(), Some("Chrome"));
        assert_eq!(title("/usr/bin/TELEGRAM-desktop", "x").as_deref(), Some("Telegram"));
        let yandex = "C:\\Users\\anna\\AppData\\Local\\Yandex\\YandexBrowser\\Application\\browser.exe";
        assert_eq!(title(yandex, "browser.exe").as_deref(), Some("Yandex Browser"));
        assert_eq!(title("C:\\Other\\browser.exe", "browser.exe"), None);
        assert_eq!(title("C:\\Windows\\explorer.exe", "").as_deref(), Some("Проводник"));
        assert_eq!(title("/usr/bin/chrome-helper", "chrome-helper"), None);
        let gone = |name: &str| Image {
            name: name.to_owned(),
            ..Image::default()
        };
        assert_eq!(titled(&list, &gone("google-chrome-s")).as_deref(), Some("Chrome"));
        assert_eq!(titled(&list, &gone("google-chr")), None, "it is not cut off");
        // A wrapper is known by the name it was started under.
        assert_eq!(title("/usr/bin/bash", "google-chrome").as_deref(), Some("Chrome"));
    }

    #[test]
    fn what_cannot_work_names_its_key() {
        let entry = |title: &str, names: &[&str], paths: &[&str]| WatchEntry {
            title: title.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
        };
        let refused = |entry: WatchEntry| WatchList::new(&[entry]).map(|_| ()).unwrap_err().to_string();
        assert!(refused(entry("", &["a"], &[])).contains("source.process.watch[0].title"));
        assert!(refused(entry("A", &[], &[])).contains("source.process.watch[0] "));
        assert!(refused(entry("A", &[], &["a["])).contains("source.process.watch[0].paths[0]"));
        let many: Vec<WatchEntry> = (0..65).map(|n| entry(&format!("t{n}"), &["a"], &[])).collect();
        assert!(WatchList::new(&many).unwrap_err().to_string().contains("more than 64"));
    }
}
