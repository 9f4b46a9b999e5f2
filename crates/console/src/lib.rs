//! The client side of the API for the command line, and terminal rendering
