//! Loads that were started from the screen.

use super::App;
use crate::cluster::function::FunctionName;
use crate::dashboard::tui::link::{Load, LoadNews, LoadProgress};

/// A load that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadState {
    /// What was asked for.
    pub load: Load,
    /// How far it is.
    pub progress: LoadProgress,
    /// It was told to stop.
    pub stopping: bool,
}

impl App {
    /// A load was started.
    pub fn load_started(&mut self, load: Load) {
        let state = LoadState { load: load.clone(), progress: LoadProgress::default(), stopping: false };
        self.loads.insert(load.function, state);
    }

    /// How a load goes.
    pub fn load_news(&mut self, function: &FunctionName, news: LoadNews) {
        match news {
            LoadNews::Running(progress) => {
                if let Some(state) = self.loads.get_mut(function) {
                    state.progress = progress;
                }
            }
            LoadNews::Ended(result) => {
                self.loads.remove(function);
                match result {
                    Ok(summary) => self.say(format!("load on {} ended: {summary}", function.name), false),
                    Err(why) => self.say(format!("no load on {}: {why}", function.name), true),
                }
            }
        }
    }
}
