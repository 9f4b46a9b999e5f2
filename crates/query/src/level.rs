use watchpost_event::Severity;

/// Which words a field's levels are spelt with. Fields whose last part is `level` or `severity` have a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// `log.level` and the like: debug, info, warning, error, critical, emergency and their aliases.
    Log,
    /// `rule.level`, `alert.level`: informational, low, medium, high, critical.
    Rule,
}

impl Scale {
    /// The scale of a field, when it has one.
    pub fn of(name: &str) -> Option<Self> {
        let (head, last) = name.rsplit_once('.').unwrap_or(("", name));
        if last != "level" && last != "severity" {
            return None;
        }
        let parent = head.rsplit('.').next().unwrap_or(head);
        Some(if parent == "rule" || parent == "alert" {
            Self::Rule
        } else {
            Self::Log
        })
    }

    /// The severity a word stands for, in any case.
    pub fn severity(self, word: &str) -> Option<Severity> {
        match self {
            Self::Log => word.parse().ok(),
            Self::Rule => RULE_LEVELS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(word))
                .map(|(_, severity)| *severity),
        }
    }

    /// The words of the scale, for messages.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Log => "debug, info, warning, error, critical, emergency",
            Self::Rule => "informational, low, medium, high, critical",
        }
    }
}

const RULE_LEVELS: [(&str, Severity); 6] = [
    ("informational", Severity::Info),
    ("info", Severity::Info),
    ("low", Severity::Warning),
    ("medium", Severity::Error),
    ("high", Severity::Critical),
    ("critical", Severity::Emergency),
];
