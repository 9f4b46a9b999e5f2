//! The watchpost program.

fn main() {}
