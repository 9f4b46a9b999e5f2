//! CSV (RFC 4180): commas, a header, lines that end with CR LF.

use watchpost_query::Cell;

/// Whether a spreadsheet could take a text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Appends one field. With `safe`, a text that looks like a formula gets an apostrophe before it.
fn field(out: &mut Vec<u8>, text: &str, safe: bool) {
    let apostrophe = if safe && is_formula(text) { "'" } else { "" };
    // An empty text is told from no value by its quotes.
    let quoted = text.is_empty()
        || text.contains([',', '"', '\r', '\n'])
        || text.starts_with(char::is_whitespace)
        || text.ends_with(char::is_whitespace);
    if quoted {
        out.push(b'"');
        out.extend(apostrophe.bytes());
        out.extend(text.replace('"', "\"\"").bytes());
        out.push(b'"');
    } else {
        out.extend(apostrophe.bytes());
        out.extend(text.bytes());
    }
}

/// Appends the line of names.
pub(super) fn header<'n>(out: &mut Vec<u8>, names: impl IntoIterator<Item = &'n str>, safe: bool) {
    for (at, name) in names.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        field(out, name, safe);
    }
    out.extend(b"\r\n");
}

/// Appends one row. Null is nothing; lists and objects are their JSON.
pub(super) fn row(out: &mut Vec<u8>, cells: &[Cell], safe: bool) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match cell {
            Cell::Null => {}
            Cell::Text(text) => field(out, text, safe),
            Cell::Number(_) | Cell::Bool(_) => out.extend(cell.to_json().to_string().bytes()),
            Cell::Time(time) => out.extend(time.to_string().bytes()),
            Cell::Json(value) => field(out, &value.to_string(), safe),
        }
    }
    out.extend(b"\r\n");
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;
    use watchpost_event::Timestamp;
    use watchpost_query::Number;

    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let cells = [
            Cell::Null,
            Cell::Text(String::new()),
            Cell::Text("plain".to_owned()),
            Cell::Text("a,\"b\"\r\nc".to_owned()),
            Cell::Number(Number::parse("-1.5").unwrap()),
            Cell::Bool(true),
            Cell::Time(Timestamp(0)),
            Cell::Json(json!(["x", 1])),
        ];
        let mut out = Vec::new();
        header(&mut out, ["a", "sum(b, c)"], false);
        row(&mut out, &cells, false);
        let expected = "a,\"sum(b, c)\"\r\n,\"\",plain,\"a,\"\"b\"\"\r\nc\",-1.5,true,1970-01-01T00:00:00.000Z,\"[\"\"x\"\",1]\"\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn formulas_are_defused_only_when_asked() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            let cells = [Cell::Text(text.to_owned()), Cell::Number(Number::parse("-1").unwrap())];
            let written = |safe: bool| {
                let mut out = Vec::new();
                row(&mut out, &cells, safe);
                String::from_utf8(out).unwrap()
            };
            assert!(!written(false).contains('\''), "{text:?}");
            // Numbers are no formulas.
            assert!(written(true).trim_start_matches('"').starts_with('\''), "{text:?}");
            assert!(written(true).ends_with(",-1\r\n"), "{text:?}");
        }
    }
}
