//! The SQL side: keys, users, alerts; SQLite or PostgreSQL by one code path
