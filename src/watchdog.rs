//! What runs inside each pod.
