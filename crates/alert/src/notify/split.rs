//! Texts that are longer than a service takes.

/// Cuts a text into parts of at most `limit` UTF-16 units each (the Bot API counts so), behind a line where there is
/// one in the second half of a part, else behind a word, else between characters. Only white space around a cut is lost.
pub(super) fn split(text: &str, limit: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(cut(rest, limit));
        parts.push(part.trim_end());
        rest = after.trim_start();
    }
    parts
}

/// Where the first part of a text ends, in bytes; more than 0.
fn cut(text: &str, limit: usize) -> usize {
    let mut units = 0;
    let mut end = text.len();
    let mut half = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > limit && at > 0 {
            end = at;
            break;
        }
        if units <= limit / 2 {
            half = at + c.len_utf8();
        }
    }
    if end == text.len() {
        return end;
    }
    let behind = |found: Option<usize>| found.filter(|at| *at >= half && *at > 0);
    let head = &text[..end];
    // A break right behind the part counts too: then all of it is kept.
    if text[end..].starts_with(char::is_whitespace) {
        return end;
    }
    behind(head.rfind('\n'))
        .or_else(|| behind(head.rfind(char::is_whitespace)))
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::split;

    fn units(text: &str) -> usize {
        text.encode_utf16().count()
    }

    #[test]
    fn short_texts_stay_whole() {
        assert_eq!(split("a\nb", 4_096), ["a\nb"]);
        let exact = "x".repeat(4_096);
        assert_eq!(split(&exact, 4_096), [exact.as_str()]);
        assert!(split(" \n ", 4_096).is_empty());
    }

    #[test]
    fn cuts_are_behind_lines_then_words_then_characters() {
        assert_eq!(split("one two\nthree four", 12), ["one two", "three four"]);
        assert_eq!(split("one two three four", 12), ["one two", "three four"]);
        assert_eq!(split("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(split("abcd efgh", 4), ["abcd", "efgh"]);
        // The line ends too early to be worth a message of its own.
        assert_eq!(split("a\nbcdefghijklm", 8), ["a\nbcdefg", "hijklm"]);
    }

    #[test]
    fn characters_beyond_the_basic_plane_count_two_and_stay_whole() {
        let text = "🔥".repeat(5_000);
        let parts = split(&text, 4_096);
        assert_eq!(
            parts.iter().map(|part| units(part)).collect::<Vec<_>>(),
            [4_096, 4_096, 1_808]
        );
        assert_eq!(parts.concat(), text);
        assert_eq!(
            split("🔥🔥", 1),
            ["🔥", "🔥"],
            "a limit no character fits in still ends"
        );
    }

    #[test]
    fn nothing_but_white_space_is_lost() {
        let text: String = (0..3_000)
            .map(|n| format!("line {n} of many{}", if n % 7 == 0 { '\n' } else { ' ' }))
            .collect::<Vec<_>>()
            .concat();
        let parts = split(&text, 4_096);
        assert!(parts.iter().all(|part| units(part) <= 4_096 && !part.is_empty()));
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&parts.join(" ")), words(&text));
    }
}
