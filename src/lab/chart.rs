//! Charts as SVG: self-contained, readable in light and dark, each line named where it ends.
//!
//! | file | question |
//! |---|---|
//! | `axis` | where are the round numbers? |
//! | `frame` | what do all charts share? |
//! | `time` | what was when? |
//! | `spread` | where do values lie, and what do they consist of? |
//! | `gantt` | what lived from when to when? |
//! | `points` | how does one value follow another, and how sure is that? |

mod axis;
mod frame;
mod gantt;
mod points;
mod spread;
mod time;

pub use axis::clock;
pub use gantt::{Bar, gantt, shares_rows};
pub use points::{Group, Point, points};
pub use spread::{Part, distribution, stacked};
pub use time::{Band, Mark, OverTime, Series};

/// Colours that are told apart by people who do not see red or green (Okabe and Ito 2008), as classes of the style.
const COLOURS: usize = 7;

/// The style that every chart carries, so that it stands alone. Yellow is darker on white, blue lighter on black.
const STYLE: &str = "<style>svg.fc{font:12px system-ui,sans-serif;fill:#222;background:#fff}\
.fc .g{stroke:#8883;stroke-width:1}.fc .b{fill:#8881}.fc .t{font-weight:600;font-size:14px}.fc .m{fill:#666}\
.fc .v{stroke:#8889;stroke-width:1;stroke-dasharray:2 3}\
.fc .l{fill:none;stroke-width:1.8;stroke-linejoin:round}.fc .thin{stroke-width:1.1;opacity:.8}.fc .dash{stroke-dasharray:5 3}\
.fc .c0{--c:#0072b2}.fc .c1{--c:#d55e00}.fc .c2{--c:#009e73}.fc .c3{--c:#b5558f}.fc .c4{--c:#a87700}.fc .c5{--c:#2f8fc4}\
.fc .c6{--c:#666}.fc .s{stroke:var(--c)}.fc .f{fill:var(--c)}\
@media(prefers-color-scheme:dark){svg.fc{fill:#ddd;background:#16181d}.fc .m{fill:#a0a4ab}\
.fc .c0{--c:#4aa8e0}.fc .c1{--c:#ff8a3d}.fc .c2{--c:#3cc79b}.fc .c3{--c:#e08cc0}.fc .c4{--c:#e6b422}.fc .c5{--c:#8fd0f5}\
.fc .c6{--c:#999}}</style>";

/// Text as it may stand in SVG and HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_well_formed() {
        let series = vec![
            Series::new("a < b", Mark::Steps, vec![(0.0, 1.0), (5.0, 3.0)]),
            Series::new("cold", Mark::Crosses, vec![(2.0, 2.0)]),
            Series::new("nothing", Mark::Line, vec![]),
        ];
        let bar = Bar { name: "f-x-abcde".into(), group: 0, from: 0.0, ready: 1.0, until: 9.0 };
        let over =
            OverTime { title: "Replicas", unit: "pods", end: 10.0, series: &series, ..OverTime::default() };
        let group = Group { name: "6".into(), points: vec![Point { x: 0, y: 1.0, half: Some(0.2) }] };
        for svg in [
            over.svg(),
            OverTime { log: true, ..over }.svg(),
            distribution("Latency", &[("warm", vec![0.1, 0.2, 0.2]), ("cold", vec![3.0])]),
            distribution("Latency", &[]),
            gantt("Pods", 10.0, &[bar]),
            stacked("Parts", &[Part { name: "f".into(), values: vec![0.1, 0.2] }], &["a", "b"]),
            points("p95", "s", "cores", &["2".into(), "16".into()], ("max", &[group])),
        ] {
            let document = roxmltree::Document::parse(&svg).unwrap_or_else(|e| panic!("{e}: {svg}"));
            assert_eq!(document.root_element().tag_name().name(), "svg");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
