//! What a person watches. Screens draw a [`view::View`]; none of them asks the cluster anything else.

pub mod kubectl;
pub mod tui;
pub mod view;
pub mod web;
