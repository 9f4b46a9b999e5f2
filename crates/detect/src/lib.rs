//! Sigma rules: load, route by log source, match
