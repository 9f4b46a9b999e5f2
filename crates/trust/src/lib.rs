//! Keys, certificate authority and TLS configurations for both ends
