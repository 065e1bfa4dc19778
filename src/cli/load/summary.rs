//! The report of a load for a person, laid out as `hey` does.

use crate::lab::load::LoadReport;
use std::fmt::{Error, Write};

/// The longest bar of the histogram, in characters.
const WIDEST: u64 = 40;

pub(super) fn text(report: &LoadReport) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_all(report, &mut out);
    out
}

fn write_all(report: &LoadReport, out: &mut String) -> Result<(), Error> {
    let LoadReport { latency, answered, .. } = report;
    writeln!(out, "\n{} {}\n{}", report.method, report.target, report.load)?;
    if report.ended_early {
        writeln!(out, "ended early, after {:.1} s", report.seconds)?;
    }
    writeln!(out, "\nSummary:")?;
    writeln!(out, "  Total:\t{:.4} secs", report.seconds)?;
    if *answered > 0 {
        writeln!(out, "  Slowest:\t{:.3} ms", latency.max)?;
        writeln!(out, "  Fastest:\t{:.3} ms", latency.min)?;
        writeln!(out, "  Average:\t{:.3} ms", latency.mean)?;
    }
    writeln!(out, "  Requests/sec:\t{:.4}", report.throughput)?;
    if *answered > 0 {
        writeln!(out, "\n  Total data:\t{} bytes", report.bytes)?;
        writeln!(out, "  Size/request:\t{} bytes", report.bytes / answered)?;
        histogram(report, out)?;
        distribution(report, out)?;
        writeln!(out, "\nStatus code distribution:")?;
        for (status, count) in &report.statuses {
            writeln!(out, "  [{status}]\t{count} responses")?;
        }
    }
    if !report.errors.is_empty() {
        writeln!(out, "\nError distribution:")?;
        for (why, count) in &report.errors {
            writeln!(out, "  [{count}]\t{}", why.words())?;
        }
    }
    if report.cold_starts > 0 {
        writeln!(out, "\nCold starts:\t{} requests waited for a pod", report.cold_starts)?;
    }
    writeln!(out)?;
    for note in &report.notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn histogram(report: &LoadReport, out: &mut String) -> Result<(), Error> {
    writeln!(out, "\nResponse time histogram:")?;
    let most = report.histogram.iter().map(|b| b.count).max().unwrap_or(0).max(1);
    for bucket in &report.histogram {
        let bar = "■".repeat(usize::try_from(bucket.count * WIDEST / most).unwrap_or(0));
        writeln!(out, "  {:.3} ms [{}]\t|{bar}", bucket.up_to_ms, bucket.count)?;
    }
    Ok(())
}

/// With a second column where requests were sent late, so that the correction is seen.
fn distribution(report: &LoadReport, out: &mut String) -> Result<(), Error> {
    let (from_due, from_sent) = (&report.latency, &report.uncorrected);
    let both = from_due != from_sent;
    writeln!(
        out,
        "\nLatency distribution:{}",
        if both { "\t(from when due)\t(from when sent)" } else { "" }
    )?;
    for (what, due, sent) in [
        ("50% in", from_due.p50, from_sent.p50),
        ("90% in", from_due.p90, from_sent.p90),
        ("95% in", from_due.p95, from_sent.p95),
        ("99% in", from_due.p99, from_sent.p99),
        ("99.9% in", from_due.p999, from_sent.p999),
        ("max", from_due.max, from_sent.max),
    ] {
        write!(out, "  {what:<8} {due:>10.3} ms")?;
        if both {
            write!(out, "\t{sent:>10.3} ms")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
