//! From detections to people: which channel is told, in which words, and a queue that waits until it was told.
//!
//! What never enters: how detections were made, SQL.
