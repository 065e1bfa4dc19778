//! Which pod takes a request; queues; waiting for a pod.
