//! Questions that the screen asks before it does something.

mod form;

pub use form::{Field, Filled, Form, Purpose};

/// What is open.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// All keys.
    Help {
        /// Lines scrolled past.
        scroll: usize,
    },
    /// Something to fill in.
    Form(Form),
    /// Delete this pod?
    DeletePod {
        /// Its name.
        name: String,
    },
    /// Words to look for in the pane that has the keys.
    Filter,
    /// Stop the cluster, or only close the screen?
    Quit,
}
