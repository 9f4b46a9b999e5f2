//! The agent: sources, checkpoints, spool, uplink
