//! Lines that changed, of small text files.

/// Lines that are told at most.
const LINES: usize = 100;
/// Bytes that are told at most.
const BYTES: usize = 8 << 10;

/// Lines that went (`-`) and that came (`+`), between the first and the last that differ; `None` where one of the two is
/// not known.
pub(super) fn lines(was: Option<&str>, is: Option<&str>) -> Option<String> {
    let was: Vec<&str> = was?.lines().collect();
    let is: Vec<&str> = is?.lines().collect();
    let same = was.iter().zip(&is).take_while(|(was, is)| was == is).count();
    let (was, is) = (&was[same..], &is[same..]);
    let ends = was.iter().rev().zip(is.iter().rev());
    let same = ends.take_while(|(was, is)| was == is).count();
    let (was, is) = (&was[..was.len() - same], &is[..is.len() - same]);
    let went = was.iter().filter(|line| !is.contains(line)).map(|line| ('-', line));
    let came = is.iter().filter(|line| !was.contains(line)).map(|line| ('+', line));
    let mut told = String::new();
    for (at, (mark, line)) in went.chain(came).enumerate() {
        if at >= LINES || told.len() + line.len() > BYTES {
            told.push_str("…\n");
            break;
        }
        told.push(mark);
        told.push_str(line);
        told.push('\n');
    }
    Some(told).filter(|told| !told.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_and_what_came() {
        let told = |was: &str, is: &str| lines(Some(was), Some(is)).unwrap_or_default();
        assert_eq!(told("a\nb\nc\n", "a\nx\nc\n"), "-b\n+x\n");
        assert_eq!(told("a\n", "a\nb\n"), "+b\n");
        assert_eq!(told("a\nb\nc\nd\n", "x\nb\nc\ny\n"), "-a\n-d\n+x\n+y\n");
        assert_eq!(told("a\nb\n", "b\na\n"), "", "only their order changed");
        assert_eq!(lines(None, Some("a")), None);
        let many = "x\n".repeat(3);
        assert_eq!(told("", &many), "+x\n+x\n+x\n");
        let long: Vec<String> = (0..1000).map(|at| at.to_string()).collect();
        let long = long.join("\n");
        let told = told("", &long);
        assert_eq!((told.lines().count(), told.ends_with("…\n")), (LINES + 1, true));
    }
}
