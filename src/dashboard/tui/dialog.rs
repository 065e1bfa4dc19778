//! Questions that the screen asks before it does something.

mod form;

use super::calls::Stage;

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
    /// Cancel this asynchronous call?
    CancelCall {
        /// Its id.
        id: String,
        /// How far it is.
        stage: Stage,
    },
    /// Words to look for in the pane that has the keys.
    Filter,
    /// Stop the cluster, or only close the screen?
    Quit,
}
