//! Experiments: scenarios, what is seen in them, what is expected, and the load that they send.
//!
//! | file | question |
//! |---|---|
//! | [`scenario`] | what is the experiment? |
//! | [`virtual_run`] | how does it run in virtual time? |
//! | [`live_run`] | how does it run on a real cluster? |
//! | [`observations`] | what was seen? |
//! | [`expect`] | was it as expected? |
//! | [`results`] | what is left of it in a folder? |
//! | [`chart`] | how is it drawn? |
//! | [`desk`] | which were run beside a cluster, and what came of them? |
//! | [`load`] | how are requests sent? |

pub mod chart;
pub mod desk;
pub mod expect;
pub mod live_run;
pub mod load;
pub mod observations;
pub mod results;
pub mod scenario;
pub mod virtual_run;
