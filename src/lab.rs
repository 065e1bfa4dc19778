//! Experiments: scenarios, what is seen in them, what is expected, and the load that they send.
//!
//! | file | question |
//! |---|---|
//! | [`scenario`] | what is the experiment? |
//! | [`virtual_run`] | how does it run in virtual time? |
//! | [`live_run`] | how does it run on a real cluster? |
//! | [`observations`] | what was seen? |
//! | [`expect`] | was it as expected? |
//! | [`lesson`] | what does a student do, and was it done? |
//! | [`results`] | what is left of it in a folder? |
//! | [`chart`] | how is it drawn? |
//! | [`desk`] | which were run beside a cluster, and what came of them? |
//! | [`runner`] | who runs it? |
//! | [`jmx`] | what does a plan of JMeter say? |
//! | [`load`] | how are requests sent? |
//! | [`stage`] | how is a cluster in virtual time watched and acted on while it runs? |

pub mod chart;
pub mod desk;
pub mod expect;
pub mod jmx;
pub mod lesson;
pub mod live_run;
pub mod load;
pub mod observations;
pub mod results;
pub mod runner;
pub mod scenario;
pub mod stage;
pub mod virtual_run;
