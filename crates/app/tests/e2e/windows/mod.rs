//! The agent for Windows, run by Wine, and a server here that it delivers to. What Wine has of Windows and what it has not is
//! in docs/windows.md.

mod drive;
mod files;
mod processes;
