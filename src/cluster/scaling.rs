//! The scaling rules. There is no scaling rule anywhere else.
