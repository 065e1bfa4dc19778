//! The OpenFaaS-compatible HTTP gateway.
