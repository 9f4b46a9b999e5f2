//! Where logs are kept and searched: the embedded Parquet store
