//! A lesson: pages that a student reads beside a cluster, with things to do, questions and their answers.
//!
//! A lesson is one TOML file. Its cluster is written in a scenario's words ([`super::scenario`]), and what the student
//! is to bring about in the words of a scenario's expectations ([`super::expect`]) with a few more ([`want`]).
//!
//! | file | question |
//! |---|---|
//! | [`mod@read`] | what does the file say, and what is wrong with it? |
//! | [`act`] | what can be done to the cluster in a line of words? |
//! | [`want`] | is what the student was to do done? |
//! | [`values`] | which numbers stand in the texts? |
//! | [`walk`] | where is the student? |
//! | [`auto`] | does the lesson come to its end when somebody does what it says? |
//! | [`library`] | which lessons are there? |

pub mod act;
pub mod auto;
pub mod library;
pub mod read;
pub mod values;
pub mod walk;
pub mod want;

pub use act::Act;
pub use read::read;
pub use walk::{Phase, Walk};
pub use want::Want;

use super::scenario::{Autoscaler, Function, Load, Platform, Scenario, Variant};
use crate::dashboard::tui::app::Pane;
use serde::Deserialize;
use serde::de::{SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Where a lesson's cluster runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Where {
    /// In virtual time, which stands still while the student reads.
    #[default]
    Virtual,
    /// On this machine: a real one of its own, which is gone afterwards.
    Live,
}

/// The file as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    /// What it is called in the list.
    pub title: String,
    /// What the student knows afterwards, in one line.
    pub about: String,
    /// How long it takes.
    #[serde(default = "ten")]
    pub minutes: u32,
    /// Where its cluster runs if nothing else is asked for.
    #[serde(default)]
    pub cluster: Where,
    /// Seconds of virtual time in one second of the student's.
    #[serde(default = "one")]
    pub speed: f64,
    /// Decides every random draw of virtual time.
    #[serde(default = "first")]
    pub seed: u64,
    #[serde(default)]
    pub platform: Platform,
    #[serde(default)]
    pub function: Vec<Function>,
    #[serde(default)]
    pub autoscaler: Vec<Autoscaler>,
    #[serde(default)]
    pub load: Vec<Load>,
    /// What is different in a live cluster: a path in this file, and the value. Without this table a lesson whose
    /// cluster is virtual cannot run live.
    #[serde(default)]
    pub live: Option<BTreeMap<String, toml::Value>>,
    #[serde(default)]
    pub page: Vec<PageFile>,
}

fn ten() -> u32 {
    10
}

fn one() -> f64 {
    1.0
}

fn first() -> u64 {
    1
}

/// A text and where it stands in the file.
pub(super) type Text = toml::Spanned<String>;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct PageFile {
    pub title: String,
    pub text: Text,
    #[serde(default)]
    pub task: Option<Text>,
    #[serde(default)]
    pub until: Many<Want>,
    #[serde(default)]
    pub hint: Option<Text>,
    #[serde(default)]
    pub question: Option<Text>,
    #[serde(default)]
    pub answer: Option<Text>,
    #[serde(default)]
    pub begin: Many<Act>,
    #[serde(default)]
    pub solution: Many<Act>,
    #[serde(default)]
    pub show: Option<Pane>,
    #[serde(default)]
    pub speed: Option<f64>,
    #[serde(default)]
    pub fresh: Option<BTreeMap<String, toml::Value>>,
}

/// One, or a list.
#[derive(Clone, Debug)]
pub(super) struct Many<T>(Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Many(Vec::new())
    }
}

impl<'de, T> Deserialize<'de> for Many<T>
where
    T: Deserialize<'de> + TryFrom<String, Error = String>,
{
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct OneOrAll<T>(PhantomData<T>);

        impl<'de, T> Visitor<'de> for OneOrAll<T>
        where
            T: Deserialize<'de> + TryFrom<String, Error = String>,
        {
            type Value = Many<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Many<T>, E> {
                T::try_from(text.to_owned()).map(|one| Many(vec![one])).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Many<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(Many(all))
            }
        }

        from.deserialize_any(OneOrAll(PhantomData))
    }
}

impl<T> Many<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// One lesson.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// What a person types: `hpa-by-hand`.
    pub name: String,
    /// What it is called in the list.
    pub title: String,
    /// What the student knows afterwards.
    pub about: String,
    /// How long it takes.
    pub minutes: u32,
    /// Where its cluster runs if nothing else is asked for.
    pub cluster: Where,
    /// It may run live.
    pub may_be_live: bool,
    /// Seconds of virtual time in one of the student's.
    pub speed: f64,
    /// Its cluster in virtual time.
    pub in_virtual_time: Variant,
    /// Its cluster live.
    pub live: Variant,
    /// What the student reads and does.
    pub pages: Vec<Page>,
}

impl Lesson {
    /// Its cluster.
    pub fn variant(&self, place: Where) -> &Variant {
        match place {
            Where::Virtual => &self.in_virtual_time,
            Where::Live => &self.live,
        }
    }

    /// The cluster as it is on a page: that of the last page before it, or itself, that begins with a fresh one.
    pub fn variant_on(&self, page: usize, place: Where) -> &Variant {
        let before = self.pages.iter().take(page + 1).rev();
        before.filter_map(|p| p.fresh.as_ref()).next().unwrap_or_else(|| self.variant(place))
    }

    /// The functions, in the file's order.
    pub fn functions(&self) -> Vec<String> {
        self.in_virtual_time.scenario.function.iter().map(|f| f.name.clone()).collect()
    }
}

/// One page of a lesson.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its heading.
    pub title: String,
    /// What there is to read.
    pub text: String,
    /// What the student is to do.
    pub task: Option<String>,
    /// What is the case when it was done: all of these.
    pub until: Vec<Want>,
    /// Help with the task.
    pub hint: Option<String>,
    /// What the student is to answer then.
    pub question: Option<String>,
    /// Its answer.
    pub answer: Option<String>,
    /// What the lesson itself does when the page begins.
    pub begin: Vec<Act>,
    /// What a student does who knows how.
    pub solution: Vec<Act>,
    /// The part of the screen to look at.
    pub show: Option<Pane>,
    /// Seconds of virtual time in one of the student's, on this page.
    pub speed: Option<f64>,
    /// A new cluster that begins with this page (in virtual time only).
    pub fresh: Option<Variant>,
}

impl File {
    /// The scenario that is its cluster; it has no end of its own.
    fn scenario(&self, name: &str) -> Scenario {
        Scenario {
            name: name.into(),
            text: String::new(),
            duration: crate::sim::Seconds(86_400.0),
            seed: self.seed,
            sample: crate::sim::Seconds(1.0),
            platform: self.platform.clone(),
            function: self.function.clone(),
            autoscaler: self.autoscaler.clone(),
            load: self.load.clone(),
            trace: None,
            step: Vec::new(),
            phase: Vec::new(),
            expect: Vec::new(),
            measure: Vec::new(),
            sweep: BTreeMap::new(),
            repetitions: 1,
            live: BTreeMap::new(),
            prices: Default::default(),
        }
    }
}
