//! One durable segmented log, used as the agent spool and as the server write-ahead log
