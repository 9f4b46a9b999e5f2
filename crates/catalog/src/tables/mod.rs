//! The tables as sea-orm sees them, one file each. Times are nanoseconds since 1970.

pub(crate) mod api_keys;
