//! A test plan of JMeter (`.jmx`): its thread groups, what each sends, and how long it thinks.
//!
//! A plan is a tree in which each element is followed by a `hashTree` of what belongs to it. What is read: thread groups
//! (threads, ramp-up, loops, scheduler), one HTTP sampler in each with its body and headers, the request's defaults,
//! timers (constant, uniform, gaussian, poisson), response assertions on code and body, variables of the plan. What is
//! not read is said in the plan's notes; a group with several samplers is refused, since their order would be lost.

mod group;
mod tree;

pub use group::Group;

use std::path::Path;

/// A plan that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its thread groups that are switched on.
    pub groups: Vec<Group>,
    /// What of it has no meaning here.
    pub notes: Vec<String>,
}

/// Reads a plan.
///
/// # Errors
/// A sentence: the file cannot be read, is no plan, or holds what cannot be done.
pub fn read(path: &Path) -> Result<Plan, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{shown} cannot be read: {e}"))?;
    parse(&text).map_err(|why| format!("{shown}: {why}"))
}

/// Reads a plan's text.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str) -> Result<Plan, String> {
    let document = roxmltree::Document::parse(text).map_err(|e| format!("this is no XML: {e}"))?;
    let root = document.root_element();
    if !root.has_tag_name("jmeterTestPlan") {
        let name = root.tag_name().name();
        return Err(format!("this is no plan of JMeter: it begins with <{name}>, not <jmeterTestPlan>"));
    }
    let plan = tree::read(root);
    let found = plan.iter().find(|e| e.kind == "TestPlan").ok_or("there is no <TestPlan> in it")?;
    group::of(found)
}

/// A plan as the `[[load]]` parts of a scenario, for people to go on from.
pub fn to_toml(plan: &Plan) -> String {
    let mut text = format!("# From the plan `{}` of JMeter.\n", plan.name.replace('\n', " "));
    for note in &plan.notes {
        text += &format!("# {note}\n");
    }
    for group in &plan.groups {
        text += &group.toml();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(groups: &str) -> String {
        format!(
            "<jmeterTestPlan><hashTree><TestPlan testname=\"p\"><elementProp name=\"TestPlan.user_defined_variables\">\
             <collectionProp name=\"Arguments.arguments\"><elementProp name=\"n\"><stringProp name=\"Argument.name\">n\
             </stringProp><stringProp name=\"Argument.value\">3</stringProp></elementProp></collectionProp></elementProp>\
             </TestPlan><hashTree>{groups}</hashTree></hashTree></jmeterTestPlan>"
        )
    }

    const GROUP: &str = "<ThreadGroup testname=\"users\" enabled=\"true\"><elementProp name=\"ThreadGroup.main_controller\">\
        <stringProp name=\"LoopController.loops\">4</stringProp></elementProp><stringProp name=\"ThreadGroup.num_threads\">\
        ${n}</stringProp><stringProp name=\"ThreadGroup.ramp_time\">2</stringProp></ThreadGroup><hashTree>\
        <HTTPSamplerProxy testname=\"call\"><stringProp name=\"HTTPSampler.domain\">127.0.0.1</stringProp>\
        <stringProp name=\"HTTPSampler.path\">/function/mltest/x</stringProp><stringProp name=\"HTTPSampler.method\">POST\
        </stringProp></HTTPSamplerProxy><hashTree/><UniformRandomTimer><stringProp name=\"ConstantTimer.delay\">100\
        </stringProp><stringProp name=\"RandomTimer.range\">200</stringProp></UniformRandomTimer><hashTree/></hashTree>";

    #[test]
    fn a_group_is_users_with_loops_and_time_to_think() {
        let read = parse(&plan(GROUP)).unwrap();
        let group = &read.groups[0];
        assert_eq!((group.users, group.ramp_up, group.loops), (3, 2.0, Some(4)));
        assert_eq!(group.function().as_deref(), Some("mltest"));
        assert!((group.think.mean() - 0.2).abs() < 1e-9, "{:?}", group.think);
        let toml = to_toml(&read);
        let back: toml::Table = toml::from_str(&toml).unwrap_or_else(|e| panic!("{toml}: {e}"));
        assert_eq!(back["load"][0]["users"].as_integer(), Some(3), "{toml}");
        assert_eq!(back["load"][0]["path"].as_str(), Some("/x"), "{toml}");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        for (text, words) in [
            ("<x/>".to_owned(), "no plan of JMeter"),
            ("<jmeterTestPlan".to_owned(), "no XML"),
            (plan(""), "no thread group"),
            (plan(&GROUP.replace("${n}", "many")), "`many` is no number"),
            (plan(&GROUP.replace("${n}", "${m}")), "`${m}`"),
            (plan(&GROUP.replace("HTTPSamplerProxy", "JDBCSampler")), "no HTTP sampler"),
        ] {
            let why = parse(&text).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
        let off = GROUP.replace("enabled=\"true\"", "enabled=\"false\"");
        assert!(parse(&plan(&off)).unwrap_err().contains("no thread group"));
    }
}
