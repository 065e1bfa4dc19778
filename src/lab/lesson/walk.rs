//! Where the student is in a lesson, and whether what was to be done is done. It has no clock: it is shown one view of
//! the cluster after the other.

use super::values::Values;
use super::want::{Judged, Sight};
use super::{Act, Lesson, Page};
use crate::cluster::pod::PodUid;
use crate::cluster::time::Time;
use crate::dashboard::tui::app::Pane;
use crate::dashboard::view::View;
use crate::lab::observations::{Observations, PodLife, Request, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Two moments nearer to each other than this are one in what was seen: waiting for long must not cost more and more.
const NEAR: f64 = 0.2;

/// What a page waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The student reads.
    Read,
    /// The student is to do something.
    Task,
    /// The student thinks about the question.
    Question,
    /// The answer is shown.
    Answer,
    /// There are no more pages.
    Over,
}

/// A student in a lesson.
#[derive(Clone, Debug)]
pub struct Walk {
    lesson: Arc<Lesson>,
    page: usize,
    phase: Phase,
    /// The page has begun, and nobody has asked yet what is to be done for it.
    begins: bool,
    hinted: bool,
    seen: Seen,
    judged: Vec<Judged>,
    /// What the last task that was done brought about: the words, and what was seen.
    done: Vec<(String, String)>,
    /// The numbers of when the page began, and of when its question was asked.
    values: Option<Values>,
    asked: Option<Values>,
}

impl Walk {
    /// A student who begins on a page, counted from 0.
    pub fn new(lesson: Arc<Lesson>, page: usize) -> Self {
        let seen = Seen::new(lesson.functions());
        let mut walk = Walk {
            lesson,
            page: 0,
            phase: Phase::Over,
            begins: true,
            hinted: false,
            seen,
            judged: Vec::new(),
            done: Vec::new(),
            values: None,
            asked: None,
        };
        walk.turn_to(page);
        walk
    }

    /// The lesson.
    pub fn lesson(&self) -> &Arc<Lesson> {
        &self.lesson
    }

    /// The number of the page, from 0; as many as there are when it is over.
    pub fn page_number(&self) -> usize {
        self.page
    }

    /// What the page waits for.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The page; none when the lesson is over.
    pub fn page(&self) -> Option<&Page> {
        self.lesson.pages.get(self.page)
    }

    fn turn_to(&mut self, page: usize) {
        self.page = page.min(self.lesson.pages.len());
        self.begins = true;
        self.hinted = false;
        self.seen = Seen::new(self.lesson.functions());
        (self.values, self.asked) = (None, None);
        self.judged.clear();
        self.phase = match self.page() {
            None => Phase::Over,
            Some(page) if !page.until.is_empty() => Phase::Task,
            Some(page) if page.question.is_some() => Phase::Question,
            Some(_) => Phase::Read,
        };
    }

    /// A page has begun since this was asked last.
    pub fn begins(&mut self) -> bool {
        std::mem::take(&mut self.begins)
    }

    /// The next thing: a question's answer, or another page. A task can be passed over.
    pub fn go_on(&mut self) {
        match self.phase {
            Phase::Question if self.page().is_some_and(|p| p.answer.is_some()) => self.phase = Phase::Answer,
            Phase::Over => {}
            _ => self.turn_to(self.page + 1),
        }
    }

    /// The page before.
    pub fn back(&mut self) {
        self.turn_to(self.page.saturating_sub(1));
    }

    /// Shows the page's hint.
    pub fn hint(&mut self) {
        self.hinted = true;
    }

    /// Whether virtual time is to pass: while the student is to bring something about, and afterwards.
    pub fn runs(&self) -> bool {
        matches!(self.phase, Phase::Task | Phase::Over)
    }

    /// Takes a view. True when what the student was to do is done.
    pub fn observe(&mut self, view: &View, pane: Option<Pane>) -> bool {
        let functions = self.lesson.functions();
        self.seen.observe(view);
        if self.values.is_none() {
            self.values = Some(Values::of(&functions, view, &self.seen.observations));
        }
        if self.phase == Phase::Question && self.asked.is_none() {
            self.asked = self.values.clone();
        }
        // What begins with the page has to have happened before anything is judged.
        if self.phase != Phase::Task || self.begins {
            return false;
        }
        let Some(page) = self.lesson.pages.get(self.page) else { return false };
        let sight = Sight { seen: &self.seen.observations, ended: &self.seen.ended, view, pane };
        self.judged = page.until.iter().map(|want| want.judge(&sight)).collect();
        if !self.judged.iter().all(|j| j.holds) {
            return false;
        }
        let done = page.until.iter().zip(&self.judged);
        self.done = done.map(|(want, judged)| (want.text().to_owned(), judged.seen.clone())).collect();
        if page.question.is_some() {
            self.asked = Some(Values::of(&functions, view, &self.seen.observations));
            self.phase = Phase::Question;
        } else {
            self.turn_to(self.page + 1);
        }
        true
    }

    /// What is to be brought about, and how it stands.
    pub fn wants(&self) -> Vec<(&str, Option<&Judged>)> {
        let wants = self.page().map(|p| p.until.as_slice()).unwrap_or_default();
        wants.iter().enumerate().map(|(n, want)| (want.text(), self.judged.get(n))).collect()
    }

    /// What the last task that was done brought about: the words, and what was seen.
    pub fn done(&self) -> &[(String, String)] {
        &self.done
    }

    /// What a student does here who knows how.
    pub fn solution(&self) -> Vec<Act> {
        self.page().map(|p| p.solution.clone()).unwrap_or_default()
    }

    /// The page's texts as they are to be read now.
    pub fn texts(&self) -> Texts {
        let Some(page) = self.page() else { return Texts::default() };
        let fill = |text: &String| match &self.values {
            Some(values) => values.put_into(text),
            None => text.clone(),
        };
        let asked = self.asked.as_ref().or(self.values.as_ref());
        let fill_asked = |text: &String| asked.map_or_else(|| text.clone(), |v| v.put_into(text));
        let past_task = matches!(self.phase, Phase::Question | Phase::Answer);
        Texts {
            title: page.title.clone(),
            text: fill(&page.text),
            task: page.task.as_ref().map(fill),
            hint: page.hint.as_ref().filter(|_| self.hinted).map(fill),
            has_hint: page.hint.is_some(),
            question: page.question.as_ref().filter(|_| past_task).map(fill_asked),
            answer: page.answer.as_ref().filter(|_| self.phase == Phase::Answer).map(fill_asked),
        }
    }
}

/// What there is to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The page's heading.
    pub title: String,
    /// What it explains.
    pub text: String,
    /// What is to be done.
    pub task: Option<String>,
    /// Help with it, once it was asked for.
    pub hint: Option<String>,
    /// There is help.
    pub has_hint: bool,
    /// What is asked, once the task is done.
    pub question: Option<String>,
    /// Its answer, once it was asked for.
    pub answer: Option<String>,
}

/// What was seen since the page began.
#[derive(Clone, Debug)]
struct Seen {
    began: Option<Time>,
    observations: Observations,
    /// Functions of the pods that ended, by place.
    ended: Vec<usize>,
    /// Pods that are there: the function's place, and the pod's in the observations if it came since.
    pods: BTreeMap<PodUid, (usize, Option<usize>)>,
    /// Requests that the last view had.
    requests: BTreeSet<u64>,
}

impl Seen {
    fn new(functions: Vec<String>) -> Self {
        let observations = Observations { functions, ..Observations::default() };
        Seen {
            began: None,
            observations,
            ended: Vec::new(),
            pods: BTreeMap::new(),
            requests: BTreeSet::new(),
        }
    }

    fn observe(&mut self, view: &View) {
        let at = view.snapshot.at;
        let first = self.began.is_none();
        let began = *self.began.get_or_insert(at);
        let seconds = at.since(began).as_secs_f64();
        self.observations.duration = seconds;
        let places: BTreeMap<_, _> = view
            .snapshot
            .functions
            .values()
            .filter_map(|f| {
                let place = self.observations.functions.iter().position(|name| *name == f.spec.name)?;
                Some((f.id, place))
            })
            .collect();
        self.rows(view, seconds);
        for pod in view.snapshot.pods.values() {
            let Some(function) = places.get(&pod.function).copied() else { continue };
            let pods = &mut self.observations.pods;
            let entry = self.pods.entry(pod.uid).or_insert_with(|| {
                let place = (!first).then(|| {
                    let life = PodLife {
                        name: pod.name.clone(),
                        function,
                        node: pod.node.0,
                        created: seconds,
                        ready: None,
                        ended: None,
                    };
                    pods.push(life);
                    pods.len() - 1
                });
                (function, place)
            });
            if pod.ready
                && let Some(place) = entry.1
            {
                pods[place].ready.get_or_insert(seconds);
            }
        }
        let there = |uid: &PodUid| view.snapshot.pods.get(uid).is_some_and(|p| p.deleting.is_none());
        let gone: Vec<PodUid> = self.pods.keys().filter(|uid| !there(uid)).copied().collect();
        for uid in gone {
            let Some((function, place)) = self.pods.remove(&uid) else { continue };
            // One that is on its way out already when the page begins is none of the student's.
            if !first {
                self.ended.push(function);
            }
            if let Some(place) = place {
                self.observations.pods[place].ended = Some(seconds);
            }
        }
        let mut present = BTreeSet::new();
        for (id, answered) in &view.recent {
            let Some(function) = places.get(id).copied() else { continue };
            for a in answered {
                present.insert(a.number);
                if first || self.requests.contains(&a.number) {
                    continue;
                }
                self.observations.requests.push(Request {
                    function,
                    at: a.at.since(began).as_secs_f64(),
                    wait: (a.waited + a.queued).as_secs_f64(),
                    response: a.took.as_secs_f64(),
                    status: a.status,
                    cold: a.cold(),
                    failure: (!(100..400).contains(&a.status)).then(|| format!("status {}", a.status).into()),
                    ..Request::default()
                });
            }
        }
        self.requests = present;
    }

    fn rows(&mut self, view: &View, at: f64) {
        if let Some(last) = self.observations.rows.last().map(|r| r.at)
            && at - last < NEAR
        {
            // The newest of a moment counts, but where something was to be seen for a moment only it is kept.
            self.observations.rows.retain(|r| r.at < last);
        }
        for f in view.snapshot.functions.values() {
            let Some(function) = self.observations.functions.iter().position(|n| *n == f.spec.name) else {
                continue;
            };
            let traffic = view.traffic.get(&f.id).copied().unwrap_or_default();
            let pods = view.snapshot.pods_of(f.id).filter(|p| p.deleting.is_none());
            let (mut count, mut milli) = (0u32, 0u64);
            for pod in pods {
                count += 1;
                milli += view.usage.get(&pod.uid).map_or(0, |u| u.cpu.0);
            }
            let seconds = |d: std::time::Duration| (!d.is_zero()).then_some(d.as_secs_f64());
            self.observations.rows.push(Row {
                at,
                function,
                replicas: f.replicas,
                ready: f.ready,
                pods: count,
                in_flight: u64::from(traffic.in_flight),
                queued: u64::from(traffic.waiting),
                rate: traffic.rate,
                p50: seconds(traffic.p50),
                p95: seconds(traffic.p95),
                cpu: milli as f64 / 1e3,
            });
        }
    }
}
