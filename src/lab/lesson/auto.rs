//! Walks a lesson to its end by doing what its solutions say: a lesson that cannot be finished is no lesson.

use super::act::{Shape, What};
use super::walk::{Phase, Texts};
use super::{Act, Lesson, Walk};
use crate::cluster::time::Time;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::view::View;
use crate::lab::scenario::Variant;
use crate::lab::stage::Stage;
use crate::sim::{Arrivals, Law, Rate, Seconds, Source, Spacing, ThreadGroup};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A cluster that a lesson can be walked on.
pub trait Ground {
    /// Another cluster takes the place of this one.
    ///
    /// # Errors
    /// There can be no other.
    fn begin(&mut self, variant: &Variant) -> Result<(), String>;
    /// Does something. Nobody waits for its end.
    fn act(&mut self, act: &Act) -> impl Future<Output = Result<(), String>>;
    /// Lets so much time pass, and looks.
    fn look(&mut self, after: Duration) -> impl Future<Output = Result<View, String>>;
}

/// What is told of a walk.
#[derive(Clone, Debug)]
pub enum Told<'a> {
    /// A page has begun: its number from 1, and what there is to read.
    Page(usize, &'a Texts),
    /// Something was done.
    Did(&'a Act),
    /// What was to be brought about is: the words, and what was seen.
    Done(&'a [(String, String)]),
    /// A question, and its answer.
    Question(&'a str, Option<&'a str>),
}

/// How often the cluster is looked at.
const GLANCE: Duration = Duration::from_millis(250);

/// Walks it. `patience` is how long, in the cluster's time, a page may take.
///
/// # Errors
/// A sentence: which page does not come to its end, and what was seen instead.
pub async fn walk(
    lesson: &Arc<Lesson>,
    ground: &mut impl Ground,
    patience: Duration,
    tell: impl FnMut(Told<'_>),
) -> Result<(), String> {
    up_to(lesson, usize::MAX, ground, patience, tell).await
}

/// Walks it until a page begins, counted from 0: what a student finds who comes back to it.
///
/// # Errors
/// See [`walk`].
pub async fn up_to(
    lesson: &Arc<Lesson>,
    page: usize,
    ground: &mut impl Ground,
    patience: Duration,
    mut tell: impl FnMut(Told<'_>),
) -> Result<(), String> {
    let mut walk = Walk::new(lesson.clone(), 0);
    let mut pane = None;
    while walk.phase() != Phase::Over && walk.page_number() < page {
        let number = walk.page_number();
        let on_page = |why: String| format!("page {} of `{}`: {why}", number + 1, lesson.name);
        if walk.begins()
            && let Some(page) = walk.page().cloned()
        {
            if let Some(variant) = &page.fresh {
                ground.begin(variant).map_err(on_page)?;
            }
            pane = page.show.or(pane);
            do_all(ground, &page.begin, &mut pane, |_| {}).await.map_err(on_page)?;
        }
        let view = ground.look(GLANCE).await.map_err(on_page)?;
        let done_already = walk.observe(&view, pane);
        tell(Told::Page(number + 1, &walk.texts()));
        if walk.phase() == Phase::Task || done_already {
            let solution = lesson.pages.get(number).map(|p| p.solution.clone()).unwrap_or_default();
            if done_already && !solution.is_empty() {
                return Err(on_page("`until` holds before anything was done".into()));
            }
            let mut begun: Option<Time> = None;
            let mut todo = solution.iter();
            let mut done = done_already;
            while !done {
                let mut after = GLANCE;
                if let Some(act) = todo.next() {
                    tell(Told::Did(act));
                    match &act.what {
                        What::Show(to) => pane = Some(*to),
                        What::Wait(time) => after = *time,
                        _ => ground.act(act).await.map_err(|why| on_page(format!("{act}: {why}")))?,
                    }
                }
                // A long wait is looked at all the way.
                while !done && !after.is_zero() {
                    let part = after.min(GLANCE);
                    after -= part;
                    let view = ground.look(part).await.map_err(on_page)?;
                    let since = *begun.get_or_insert(view.snapshot.at);
                    done = walk.observe(&view, pane);
                    if !done && view.snapshot.at.since(since) > patience {
                        let said = |(want, j): (&str, Option<&super::want::Judged>)| {
                            format!("`{want}` (seen: {})", j.map_or("nothing", |j| &j.seen))
                        };
                        let missing: Vec<String> = walk.wants().into_iter().map(said).collect();
                        let minutes = patience.as_secs() / 60;
                        let after = format!("not seen in {minutes} min: {}", missing.join(", "));
                        return Err(on_page(after));
                    }
                }
            }
            tell(Told::Done(walk.done()));
        }
        if walk.page_number() != number {
            continue;
        }
        if walk.phase() == Phase::Question {
            let question = walk.texts().question.unwrap_or_default();
            walk.go_on();
            let answer = if walk.page_number() == number { walk.texts().answer } else { None };
            tell(Told::Question(&question, answer.as_deref()));
        }
        if walk.page_number() == number {
            walk.go_on();
        }
    }
    Ok(())
}

async fn do_all(
    ground: &mut impl Ground,
    acts: &[Act],
    pane: &mut Option<Pane>,
    mut tell: impl FnMut(&Act),
) -> Result<(), String> {
    for act in acts {
        tell(act);
        match &act.what {
            What::Show(to) => *pane = Some(*to),
            What::Wait(time) => drop(ground.look(*time).await?),
            _ => ground.act(act).await.map_err(|why| format!("{act}: {why}"))?,
        }
    }
    Ok(())
}

/// A cluster in virtual time, as fast as it goes.
#[derive(Debug)]
pub struct Quick {
    stage: Stage,
    seed: u64,
    loads: BTreeMap<String, (Act, u32)>,
}

impl Quick {
    /// The cluster of a lesson.
    pub fn new(lesson: &Lesson) -> Self {
        let variant = lesson.variant_on(0, super::Where::Virtual);
        let seed = variant.scenario.seed;
        Quick { stage: Stage::new(variant, seed), seed, loads: BTreeMap::new() }
    }

    /// The cluster as it stands, without the loads that ran, and what began these.
    pub fn into_stage(mut self) -> (Stage, Vec<Act>) {
        for (_, number) in self.loads.values() {
            self.stage.silence(*number);
        }
        (self.stage, self.loads.into_values().map(|(act, _)| act).collect())
    }
}

/// What a load or a single request is in virtual time.
pub fn source(what: &What, now: Time) -> Option<(&str, Source)> {
    let (function, arrivals) = match what {
        What::Invoke { function, .. } => (function, Arrivals::Times(vec![Seconds(0.0)])),
        What::Load { function, shape: Shape::Users(users), .. } => {
            let group =
                ThreadGroup { users: *users, ramp_up: Seconds(0.0), think: Law::default(), loops: None };
            (function, Arrivals::Closed(group))
        }
        What::Load { function, shape: Shape::Rate(rate), .. } => {
            (function, Arrivals::Open { rate: Rate::Constant { rate: *rate }, spacing: Spacing::Even })
        }
        _ => return None,
    };
    Some((function, Source { from: now, ..Source::new(function, arrivals) }))
}

impl Ground for Quick {
    fn begin(&mut self, variant: &Variant) -> Result<(), String> {
        self.stage = Stage::new(variant, self.seed);
        self.loads.clear();
        Ok(())
    }

    async fn act(&mut self, act: &Act) -> Result<(), String> {
        if let Some((function, source)) = source(&act.what, self.stage.now()) {
            let number = self.stage.send(source);
            if matches!(act.what, What::Load { .. })
                && let Some((_, before)) = self.loads.insert(function.to_owned(), (act.clone(), number))
            {
                self.stage.silence(before);
            }
            return Ok(());
        }
        if let What::StopLoad(function) = &act.what {
            let (_, number) = self.loads.remove(function).ok_or("no load was started")?;
            self.stage.silence(number);
            return Ok(());
        }
        let command = act.command(&self.stage.snapshot())?;
        let Some(command) = command else { return Ok(()) };
        self.stage.apply(command).map(drop).map_err(|refusal| refusal.to_string())
    }

    async fn look(&mut self, after: Duration) -> Result<View, String> {
        self.stage.advance(after);
        self.stage.answers();
        Ok(self.stage.view())
    }
}

/// How long a page may take in virtual time.
pub const VIRTUAL_PATIENCE: Duration = Duration::from_secs(3600);

/// Walks a lesson in virtual time.
///
/// # Errors
/// See [`walk`].
pub fn in_virtual_time(lesson: &Arc<Lesson>, tell: impl FnMut(Told<'_>)) -> Result<(), String> {
    let mut ground = Quick::new(lesson);
    // Nothing in it waits for anything.
    futures_util::FutureExt::now_or_never(walk(lesson, &mut ground, VIRTUAL_PATIENCE, tell))
        .unwrap_or_else(|| Err("it does not come to its end".into()))
}
