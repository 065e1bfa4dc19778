//! The live side of routing: one mutexed `Endpoints` per function.
