//! Rules about one file each: text in, complaints out.

const FUNCTION_LINES: usize = 70;
const FILE_LINES: usize = 600;
const BLOB_BYTES: u64 = 1024 * 1024;

/// The code is formatted, so a function ends at the first closing brace as far in as its `fn`.
struct Function<'a> {
    name: &'a str,
    /// Zero-based, of its first and last line.
    first: usize,
    last: usize,
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = match after.strip_prefix('(') {
            Some(scope) => scope.split_once(')')?.1,
            None => after,
        };
        rest = rest.trim_start();
    }
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "fn" => return after.split(['(', '<']).next(),
            "async" | "const" | "unsafe" | "extern" | "default" => rest = after,
            abi if abi.starts_with('"') => rest = after,
            _ => return None,
        }
    }
}

fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let depth = indent(line);
        let ends = |line: &&str| indent(line) == depth && (line.trim() == "}" || line.trim_end().ends_with(';'));
        let one_line = line.trim_end().ends_with(['}', ';']);
        let last = if one_line {
            Some(0)
        } else {
            lines[first + 1..].iter().position(ends).map(|at| at + 1)
        };
        found.push(Function {
            name,
            first,
            last: first + last.unwrap_or(0),
        });
    }
    found
}

pub(crate) fn long_functions(path: &str, text: &str) -> Vec<String> {
    let length = |function: &Function<'_>| function.last - function.first + 1;
    functions(text)
        .iter()
        .filter(|function| length(function) > FUNCTION_LINES)
        .map(|function| {
            let (line, name, lines) = (function.first + 1, function.name, length(function));
            format!("{path}:{line}: fn {name} has {lines} lines, {FUNCTION_LINES} are allowed: give its parts names")
        })
        .collect()
}

pub(crate) fn long_file(path: &str, text: &str) -> Vec<String> {
    let is_tests = |pair: &[&str]| {
        pair[0].trim() == "#[cfg(test)]" && pair[1].trim_start().starts_with("mod ") && pair[1].ends_with('{')
    };
    let lines: Vec<&str> = text.lines().collect();
    let own = lines.windows(2).position(is_tests).unwrap_or(lines.len());
    if own <= FILE_LINES {
        return Vec::new();
    }
    vec![format!(
        "{path}: {own} lines besides its tests, {FILE_LINES} are allowed: split it by purpose"
    )]
}

/// `matches!(…);` as a statement computes an answer and throws it away: an assertion that cannot fail.
pub(crate) fn bare_matches(path: &str, text: &str) -> Vec<String> {
    let starts = concat!("matches", "!(");
    let lines: Vec<&str> = text.lines().collect();
    let is_statement = |at: usize| {
        let before = lines[..at]
            .iter()
            .rev()
            .map(|line| line.trim())
            .find(|line| !line.is_empty() && !line.starts_with("//"));
        let begins_statement = before.is_none_or(|line| line.ends_with([';', '{', '}']));
        let depth = indent(lines[at]);
        let end = lines[at..]
            .iter()
            .position(|line| indent(line) == depth && line.trim_end().ends_with([';', ')']));
        begins_statement && end.is_some_and(|end| lines[at + end].trim_end().ends_with(';'))
    };
    (0..lines.len())
        .filter(|&at| lines[at].trim_start().starts_with(starts) && is_statement(at))
        .map(|at| {
            format!(
                "{path}:{}: nobody looks at the answer of this {starts}…): assert it",
                at + 1
            )
        })
        .collect()
}

pub(crate) fn library_opening(path: &str, text: &str) -> Vec<String> {
    let opening: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let mut complaints = Vec::new();
    if opening.len() < 3 {
        complaints.push(format!(
            "{path}: must open with //! what this crate is for, what never enters it, where to start reading"
        ));
    } else if !opening
        .iter()
        .any(|line| line.trim() == "//! ```" || line.starts_with("//! ```rust") || line.starts_with("//! ```no_run"))
    {
        complaints.push(format!("{path}: its opening lacks a runnable example"));
    }
    complaints
}

/// Platform code lives in files of equal signatures, chosen in a `mod.rs`; inside a function a `cfg` hides a second program.
pub(crate) fn cfg_inside_functions(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut complaints = Vec::new();
    for function in functions(text) {
        for (at, line) in lines.iter().enumerate().take(function.last).skip(function.first + 1) {
            let line = line.trim_start();
            if line.starts_with("#[cfg(") || line.contains(concat!("cfg", "!(")) {
                complaints.push(format!(
                    "{path}:{}: cfg inside fn {}: choose a file instead",
                    at + 1,
                    function.name
                ));
            }
        }
    }
    complaints
}

/// Written apart so that this file does not find itself.
const STRAY: &[&str] = &[
    concat!("/work", "/main"),
    concat!("/work", "/shared"),
    concat!("/tmp", "/brief"),
    ROOTS_HOME,
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
    concat!("proxy.", "golang.org"),
];

const ROOTS_HOME: &str = concat!("/root", "/.");

pub(crate) fn stray_paths(path: &str, text: &str) -> Vec<String> {
    // Rules and their samples are about root's files.
    let is_rule = path.starts_with("content/rules/");
    let numbered = text.lines().enumerate();
    numbered
        .flat_map(|(at, line)| {
            STRAY
                .iter()
                .filter(move |stray| !(is_rule && **stray == ROOTS_HOME))
                .filter(move |stray| line.contains(**stray))
                .map(move |stray| (at + 1, stray))
        })
        .map(|(at, stray)| format!("{path}:{at}: holds {stray:?}: only true on one machine"))
        .collect()
}

pub(crate) fn blob(path: &str, bytes: u64) -> Option<String> {
    (bytes > BLOB_BYTES)
        .then(|| format!("{path}: {bytes} bytes, {BLOB_BYTES} are allowed: generate it or keep it elsewhere"))
}

const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// An SPDX expression passes when each AND part has an OR choice that is permissive.
pub(crate) fn licence(name: &str, expression: &str) -> Option<String> {
    let plain = expression
        .replace(['(', ')'], " ")
        .replace(" WITH LLVM-exception", "")
        .replace('/', " OR ");
    let permitted = |choice: &str| PERMISSIVE.contains(&choice.trim());
    let passes = plain.split(" AND ").all(|part| part.split(" OR ").any(permitted));
    (!passes).then(|| format!("{name}: licence {expression:?} is not among the permissive ones"))
}

mod samples {
    use super::*;

    fn body(lines: usize) -> String {
        format!(
            "    pub(crate) async fn big(\n        x: u8,\n    ) {{\n{}    }}\n    fn small() {{}}\n",
            "        x();\n".repeat(lines)
        )
    }

    #[test]
    fn a_function_is_measured_from_its_fn_to_its_brace() {
        assert!(long_functions("a.rs", &body(66)).is_empty());
        let complaints = long_functions("a.rs", &body(67));
        assert_eq!(complaints.len(), 1);
        assert!(
            complaints[0].starts_with("a.rs:1: fn big has 71 lines"),
            "{complaints:?}"
        );
        assert!(long_functions("a.rs", "trait A {\n    fn declared(\n        x: u8,\n    );\n}\n").is_empty());
    }

    #[test]
    fn a_files_tests_do_not_count() {
        let own = "x\n".repeat(600);
        assert!(long_file("a.rs", &format!("{own}#[cfg(test)]\nmod tests {{\n{own}}}\n")).is_empty());
        assert_eq!(long_file("a.rs", &format!("{own}x\n")).len(), 1);
    }

    #[test]
    fn a_bare_matches_is_found_and_a_used_one_is_not() {
        let m = concat!("matches", "!");
        assert_eq!(
            bare_matches("a.rs", &format!("fn a() {{\n    {m}(x, Ok(_));\n}}\n")).len(),
            1
        );
        assert_eq!(
            bare_matches(
                "a.rs",
                &format!("    let b = 1;\n    {m}(\n        x,\n        Ok(_)\n    );\n")
            )
            .len(),
            1
        );
        assert!(bare_matches("a.rs", &format!("fn a() -> bool {{\n    {m}(x, Ok(_))\n}}\n")).is_empty());
        assert!(
            bare_matches(
                "a.rs",
                &format!("    let ok =\n        {m}(x, Ok(_));\n    assert!({m}(x, Err(_)));\n")
            )
            .is_empty()
        );
    }

    #[test]
    fn a_library_must_open_with_words_and_an_example() {
        assert_eq!(library_opening("lib.rs", "mod a;\n").len(), 1);
        assert_eq!(library_opening("lib.rs", "//! A\n//! B\n//! C\nmod a;\n").len(), 1);
        assert!(library_opening("lib.rs", "//! A\n//! B\n//! ```\n//! x();\n//! ```\n").is_empty());
    }

    #[test]
    fn cfg_is_found_inside_functions_only() {
        assert!(cfg_inside_functions("a.rs", "#[cfg(unix)]\nfn a() {\n    b();\n}\n").is_empty());
        assert_eq!(
            cfg_inside_functions("a.rs", "fn a() {\n    #[cfg(unix)]\n    b();\n}\n").len(),
            1
        );
    }

    #[test]
    fn stray_paths_are_found() {
        assert_eq!(
            stray_paths("a.md", concat!("x\nsee /work", "/main/src\n")),
            [format!(
                "a.md:2: holds {:?}: only true on one machine",
                concat!("/work", "/main")
            )]
        );
        assert!(stray_paths("a.md", "/var/log/auth.log").is_empty());
    }

    #[test]
    fn licences_are_judged_by_their_choices() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "GPL-3.0 OR MIT",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(licence("x", good), None);
        }
        for bad in ["", "GPL-3.0", "LGPL-2.1-only", "MIT AND AGPL-3.0"] {
            assert!(licence("x", bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn large_files_are_found() {
        assert_eq!(blob("a.bin", BLOB_BYTES), None);
        assert!(blob("a.bin", BLOB_BYTES + 1).is_some());
    }
}
