//! Reading and writing Kubernetes manifests.
