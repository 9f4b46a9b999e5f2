//! Events, batches and the delivery rules: the words every other room speaks
