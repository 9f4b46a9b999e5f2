//! The one expression language: text to syntax tree, and does this event match
