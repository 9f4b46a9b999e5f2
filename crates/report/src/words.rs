//! The crate's own words and how it writes numbers, in every language of [`Language`].

use std::fmt::Write;

use jiff::civil::Weekday;
use watchpost_event::Severity;

use crate::model::{Amount, KeyNumber, Language, Series};

pub(crate) const PRODUCT: &str = "Watchpost";
/// Holds a number and its unit on one line.
const SPACE: char = '\u{a0}';
const MINUS: char = '−';
/// Stands where nothing is known.
pub(crate) const UNKNOWN: &str = "–";

impl Language {
    /// The tag of BCP 47.
    pub(crate) fn tag(self) -> &'static str {
        self.pick("en", "ru")
    }

    fn pick(self, en: &'static str, ru: &'static str) -> &'static str {
        match self {
            Self::En => en,
            Self::Ru => ru,
        }
    }

    pub(crate) fn summary(self) -> &'static str {
        self.pick("Summary", "Главное")
    }

    pub(crate) fn nothing_found(self) -> &'static str {
        self.pick("Nothing was found", "Ничего не найдено")
    }

    pub(crate) fn no_severity(self) -> &'static str {
        self.pick("all", "всего")
    }

    /// `Made 2026-11-23 07:00, times are in UTC`
    pub(crate) fn made(self, at: &str, place: &str) -> String {
        match self {
            Self::En => format!("Made {at}, times are in {place}"),
            Self::Ru => format!("Составлен {at}, время указано в поясе {place}"),
        }
    }

    /// `page 2 of 5`
    pub(crate) fn page(self, number: usize, of: usize) -> String {
        match self {
            Self::En => format!("page {number} of {of}"),
            Self::Ru => format!("страница {number} из {of}"),
        }
    }

    /// `… and 214 more`
    pub(crate) fn more(self, left: u64) -> String {
        let left = self.count(left);
        match self {
            Self::En => format!("… and {left} more"),
            Self::Ru => format!("… и ещё {left}"),
        }
    }

    pub(crate) fn severity(self, severity: Severity) -> &'static str {
        match (self, severity) {
            (Self::En, severity) => severity.name(),
            (Self::Ru, Severity::Debug) => "отладка",
            (Self::Ru, Severity::Info) => "инфо",
            (Self::Ru, Severity::Warning) => "предупреждение",
            (Self::Ru, Severity::Error) => "ошибка",
            (Self::Ru, Severity::Critical) => "критический",
            (Self::Ru, Severity::Emergency) => "авария",
        }
    }

    /// The same as the level of a rule, which has words of its own.
    pub(crate) fn level(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Debug | Severity::Info => self.pick("informational", "для сведения"),
            Severity::Warning => self.pick("low", "низкий"),
            Severity::Error => self.pick("medium", "средний"),
            Severity::Critical => self.pick("high", "высокий"),
            Severity::Emergency => self.pick("critical", "критический"),
        }
    }

    /// What the legend says of a layer.
    pub(crate) fn series(self, series: &Series) -> &str {
        let own = || series.severity.map(|severity| self.severity(severity));
        series.label.as_deref().or_else(own).unwrap_or(self.no_severity())
    }

    pub(crate) fn weekday(self, day: Weekday) -> &'static str {
        match day {
            Weekday::Monday => self.pick("Mon", "пн"),
            Weekday::Tuesday => self.pick("Tue", "вт"),
            Weekday::Wednesday => self.pick("Wed", "ср"),
            Weekday::Thursday => self.pick("Thu", "чт"),
            Weekday::Friday => self.pick("Fri", "пт"),
            Weekday::Saturday => self.pick("Sat", "сб"),
            Weekday::Sunday => self.pick("Sun", "вс"),
        }
    }

    /// `12,345`
    pub(crate) fn count(self, number: u64) -> String {
        let separator = match self {
            Self::En => ',',
            Self::Ru => SPACE,
        };
        let digits = number.to_string();
        let mut out = String::with_capacity(digits.len() * 2);
        for (n, digit) in digits.chars().enumerate() {
            // Russian groups digits of five places and more.
            let grouped = digits.len() > 4 || self == Self::En;
            if n > 0 && (digits.len() - n).is_multiple_of(3) && grouped {
                out.push(separator);
            }
            out.push(digit);
        }
        out
    }

    /// A number beside a scale: `500`, `12k`, `1.5M`.
    pub(crate) fn tick(self, number: u64) -> String {
        const EN: [&str; 4] = ["k", "M", "G", "T"];
        const RU: [&str; 4] = ["\u{a0}тыс", "\u{a0}млн", "\u{a0}млрд", "\u{a0}трлн"];
        if number < 10_000 {
            return self.count(number);
        }
        let units = if self == Self::En { EN } else { RU };
        let mut value = number as f64 / 1_000.0;
        let mut unit = 0;
        while value >= 999.5 && unit < units.len() - 1 {
            value /= 1_000.0;
            unit += 1;
        }
        format!("{}{}", self.short(value), units[unit])
    }

    /// At most three digits that matter: `1.5`, `23`, `412`.
    fn short(self, value: f64) -> String {
        let text = match value.abs() {
            v if v < 9.95 => format!("{value:.2}"),
            v if v < 99.95 => format!("{value:.1}"),
            _ => format!("{value:.0}"),
        };
        let text = match text.split_once('.') {
            Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            None => text,
        };
        self.decimal(&text)
    }

    fn decimal(self, text: &str) -> String {
        match self {
            Self::En => text.to_owned(),
            Self::Ru => text.replace('.', ","),
        }
    }

    pub(crate) fn amount(self, amount: Amount) -> String {
        match amount {
            Amount::Count(n) => self.count(n),
            Amount::Bytes(n) => self.bytes(n),
            Amount::Percent(n) if n.is_finite() => format!("{}{SPACE}%", self.short(n)),
            Amount::Percent(_) => UNKNOWN.to_owned(),
            Amount::Seconds(n) => self.duration(n),
        }
    }

    fn bytes(self, bytes: u64) -> String {
        const EN: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
        const RU: [&str; 6] = ["Б", "кБ", "МБ", "ГБ", "ТБ", "ПБ"];
        let units = if self == Self::En { EN } else { RU };
        let mut value = bytes as f64;
        let mut unit = 0;
        while value >= 999.5 && unit < units.len() - 1 {
            value /= 1_000.0;
            unit += 1;
        }
        format!("{}{SPACE}{}", self.short(value), units[unit])
    }

    /// The two greatest units: `2 d 4 h`, `3 min 20 s`.
    fn duration(self, seconds: u64) -> String {
        let units = [
            (86_400, self.pick("d", "д")),
            (3_600, self.pick("h", "ч")),
            (60, self.pick("min", "мин")),
            (1, self.pick("s", "с")),
        ];
        let first = units.iter().position(|(size, _)| seconds >= *size).unwrap_or(3);
        let (size, name) = units[first];
        let mut out = format!("{}{SPACE}{name}", self.count(seconds / size));
        if let Some((next, name)) = units.get(first + 1)
            && seconds % size >= *next
        {
            let _ = write!(out, "{SPACE}{}{SPACE}{name}", seconds % size / next);
        }
        out
    }

    /// `+12 %, 320 before`; nothing when the period before is not known.
    pub(crate) fn change(self, number: &KeyNumber) -> Option<String> {
        let before = number.before?;
        let (now, then) = (number.amount.value(), before.value());
        if number.amount == before {
            return Some(self.pick("as before", "как и раньше").to_owned());
        }
        let was = match self {
            Self::En => format!("{} before", self.amount(before)),
            Self::Ru => format!("было {}", self.amount(before)),
        };
        // A share of nothing, or of a share, says nothing.
        let tells = then > 0.0 && now.is_finite() && !matches!(number.amount, Amount::Percent(_));
        let share = if tells { (now / then - 1.0) * 100.0 } else { f64::NAN };
        let sign = if share < 0.0 { MINUS } else { '+' };
        match share.abs() {
            by if by < 0.5 || by.is_nan() => Some(was),
            by if by >= 1_000.0 => Some(format!("×{}, {was}", self.short((now / then).round()))),
            by => Some(format!("{sign}{}{SPACE}%, {was}", by.round())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_of_the_language_do() {
        let (en, ru) = (Language::En, Language::Ru);
        assert_eq!(en.count(0), "0");
        assert_eq!(en.count(1_234_567), "1,234,567");
        assert_eq!(ru.count(1_234), "1234");
        assert_eq!(ru.count(12_345), "12\u{a0}345");
        assert_eq!(en.amount(Amount::Bytes(999)), "999\u{a0}B");
        assert_eq!(en.amount(Amount::Bytes(1_536_000)), "1.54\u{a0}MB");
        assert_eq!(ru.amount(Amount::Bytes(999_999)), "1\u{a0}МБ");
        assert_eq!(en.amount(Amount::Bytes(u64::MAX)), "18447\u{a0}PB");
        assert_eq!(ru.amount(Amount::Percent(99.5)), "99,5\u{a0}%");
        assert_eq!(en.amount(Amount::Percent(100.0)), "100\u{a0}%");
        assert_eq!(en.amount(Amount::Percent(f64::NAN)), "–");
        assert_eq!(en.amount(Amount::Seconds(200)), "3\u{a0}min\u{a0}20\u{a0}s");
        assert_eq!(ru.amount(Amount::Seconds(86_400)), "1\u{a0}д");
        assert_eq!(en.amount(Amount::Seconds(0)), "0\u{a0}s");
    }

    #[test]
    fn a_change_says_how_much_and_from_where() {
        let change = |now, before| {
            let number = KeyNumber {
                label: String::new(),
                amount: Amount::Count(now),
                before,
                better: None,
                tone: crate::Tone::Plain,
            };
            Language::En.change(&number)
        };
        assert_eq!(change(5, None), None);
        assert_eq!(change(5, Some(Amount::Count(5))).as_deref(), Some("as before"));
        assert_eq!(
            change(112, Some(Amount::Count(100))).as_deref(),
            Some("+12\u{a0}%, 100 before")
        );
        assert_eq!(
            change(0, Some(Amount::Count(4))).as_deref(),
            Some("−100\u{a0}%, 4 before")
        );
        assert_eq!(change(9, Some(Amount::Count(0))).as_deref(), Some("0 before"));
        assert_eq!(
            change(20_000, Some(Amount::Count(10))).as_deref(),
            Some("×2000, 10 before")
        );
    }
}
