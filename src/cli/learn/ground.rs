//! A cluster behind a link, for walking a lesson on it: a real one of the lesson's own, or the one that runs already.

use crate::cluster::function::FunctionName;
use crate::dashboard::tui::link::{Link, Load, LoadNews, Shape};
use crate::dashboard::view::View;
use crate::lab::lesson::Act;
use crate::lab::lesson::act::{self, What};
use crate::lab::lesson::auto::Ground;
use crate::lab::scenario::Variant;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) struct Linked {
    link: Arc<dyn Link>,
    views: BoxStream<'static, Result<View, String>>,
    latest: Option<View>,
    /// Loads that run, with what began them.
    pub(super) loads: BTreeMap<String, (Act, CancellationToken)>,
}

impl Linked {
    pub(super) fn to(link: Arc<dyn Link>) -> Self {
        let views = link.views();
        Linked { link, views, latest: None, loads: BTreeMap::new() }
    }
}

impl Drop for Linked {
    fn drop(&mut self) {
        self.loads.values().for_each(|(_, stop)| stop.cancel());
    }
}

impl Ground for Linked {
    fn begin(&mut self, _: &Variant) -> Result<(), String> {
        Err("a page that begins with a new cluster is for virtual time".into())
    }

    async fn act(&mut self, act: &Act) -> Result<(), String> {
        match &act.what {
            What::Invoke { function, body } => {
                let answer = self.link.invoke(FunctionName::parse(function), body.clone().into_bytes());
                tokio::spawn(answer);
            }
            What::Load { function, shape, body } => {
                let shape = match shape {
                    act::Shape::Users(n) => Shape::Users(*n),
                    act::Shape::Rate(rate) => Shape::Rate(*rate),
                };
                let name = FunctionName::parse(function);
                let load = Load { function: name, shape, body: body.clone(), duration: None };
                let stop = CancellationToken::new();
                let mut news = self.link.load(load, stop.clone());
                tokio::spawn(async move { while let Some(LoadNews::Running(_)) = news.next().await {} });
                if let Some((_, before)) = self.loads.insert(function.clone(), (act.clone(), stop)) {
                    before.cancel();
                }
            }
            What::StopLoad(function) => {
                let (_, stop) = self.loads.remove(function).ok_or("no load was started")?;
                stop.cancel();
            }
            _ => {
                let view = self.look(Duration::ZERO).await?;
                if let Some(command) = act.command(&view.snapshot)? {
                    self.link.apply(command).await?;
                }
            }
        }
        Ok(())
    }

    async fn look(&mut self, after: Duration) -> Result<View, String> {
        let until = Instant::now() + after;
        loop {
            match tokio::time::timeout_at(until, self.views.next()).await {
                Ok(Some(Ok(view))) => self.latest = Some(view),
                Ok(Some(Err(why))) => return Err(why),
                Ok(None) => return Err("the cluster has stopped".into()),
                Err(_) => match &self.latest {
                    Some(view) => return Ok(view.clone()),
                    // The first view is worth waiting for.
                    None => match self.views.next().await {
                        Some(Ok(view)) => self.latest = Some(view),
                        Some(Err(why)) => return Err(why),
                        None => return Err("the cluster has stopped".into()),
                    },
                },
            }
        }
    }
}
