//! `mltest`: trains a small network on the ionosphere data and tries it, in the words Keras uses.
//!
//! The body is the number of epochs. Of 351 rows a random third is kept for the test. The model is 34 → 10 → 8 → 1
//! (ReLU, ReLU, sigmoid), batch 32. The row predicted at the end is the data's first one, a good return.
//!
//! Variables: `sleep_duration` is slept before the work; `work_duration` is CPU time burnt before it, to stand for
//! the start of Python and TensorFlow; `seed` makes a run repeatable.

use super::call::{Call, excerpt};
use super::nn::Mlp;
use super::nn::fit::{Epoch, Trainer};
use super::{FunctionError, cpu, sleep};
use linfa::Dataset;
use linfa::prelude::ToConfusionMatrix;
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rand::SeedableRng;
use rand_pcg::Pcg64;
use rand_pcg03::Pcg64 as Shuffler;
use rand08::SeedableRng as _;
use std::time::{Duration, Instant};

const DATA: &str = include_str!("mltest/ionosphere.csv");
const FEATURES: usize = 34;
const BATCH: usize = 32;
/// More would keep a laptop busy for minutes by a slip of the finger.
const MOST_EPOCHS: u32 = 100_000;
/// A third is kept for the test: 235 of 351 rows are learnt, 116 are not. (The share of rows is rounded up.)
const TRAINING_SHARE: f32 = 0.669;

/// Everything that one training found.
struct Outcome {
    test_loss: f64,
    test_accuracy: f64,
    test_time: Duration,
    test_batches: usize,
    predicted: f64,
}

pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    let epochs = epochs(call.text()?)?;
    let seed = match call.variable("seed") {
        None => uuid::Uuid::new_v4().as_u64_pair().0,
        Some(text) => text.parse().map_err(|_| {
            FunctionError::Bad(format!("the variable seed is `{text}`: it wants a whole number"))
        })?,
    };
    let work = call.duration_variable("work_duration")?;
    if let Some(time) = call.duration_variable("sleep_duration")?
        && !time.is_zero()
    {
        sleep::nap(call, time)?;
    }
    work.into_iter().for_each(cpu::burn);
    let mut broken = None;
    let outcome = train(epochs, seed, |number, epoch, time| {
        if broken.is_none() {
            broken = report(call, number, epochs, epoch, time).err();
        }
    })?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    let step = outcome.test_time.as_micros() / outcome.test_batches as u128;
    let (n, bar) = (outcome.test_batches, "=".repeat(30));
    let (loss, accuracy) = (outcome.test_loss, outcome.test_accuracy);
    writeln!(call.output, "{n}/{n} [{bar}] - 0s {step}us/step - loss: {loss:.4} - accuracy: {accuracy:.4}")?;
    writeln!(call.output, "Test Accuracy: {accuracy:.3}")?;
    writeln!(call.output, "Predicted: {:.3}", outcome.predicted)?;
    writeln!(call.output, "Predicteds: {}", if outcome.predicted >= 0.5 { "G" } else { "B" })?;
    Ok(())
}

fn report(call: &mut Call<'_>, number: u32, of: u32, epoch: &Epoch, time: Duration) -> std::io::Result<()> {
    let (n, bar) = (epoch.batches, "=".repeat(30));
    let (step, seconds) = (time.as_micros() / n as u128, time.as_secs());
    writeln!(call.output, "Epoch {number}/{of}")?;
    let (loss, accuracy) = (epoch.loss, epoch.accuracy);
    writeln!(
        call.output,
        "{n}/{n} [{bar}] - {seconds}s {step}us/step - loss: {loss:.4} - accuracy: {accuracy:.4}"
    )
}

fn epochs(text: &str) -> Result<u32, FunctionError> {
    text.parse().ok().filter(|n| (1..=MOST_EPOCHS).contains(n)).ok_or_else(|| {
        FunctionError::Bad(format!(
            "the body is `{}`: mltest wants the number of epochs as text, such as 50 (1 to {MOST_EPOCHS})",
            excerpt(text)
        ))
    })
}

/// The data as numbers; g (good) is 1 and b (bad) is 0, the order of the alphabet.
fn data() -> Result<Dataset<f64, bool, ndarray::Ix1>, FunctionError> {
    let broken =
        |what: String| FunctionError::Bad(format!("the ionosphere data in this program is damaged: {what}"));
    let mut numbers = Vec::new();
    let mut labels = Vec::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(DATA.as_bytes());
    for row in reader.records() {
        let row = row.map_err(|e| broken(e.to_string()))?;
        for field in row.iter().take(FEATURES) {
            numbers.push(field.parse::<f64>().map_err(|e| broken(e.to_string()))?);
        }
        labels.push(row.get(FEATURES) == Some("g"));
    }
    let records =
        Array2::from_shape_vec((labels.len(), FEATURES), numbers).map_err(|e| broken(e.to_string()))?;
    Ok(Dataset::new(records, Array1::from_vec(labels)))
}

fn targets_of(labels: &Array1<bool>) -> Array1<f64> {
    labels.mapv(|good| f64::from(u8::from(good)))
}

fn train(
    epochs: u32,
    seed: u64,
    mut each: impl FnMut(u32, &Epoch, Duration),
) -> Result<Outcome, FunctionError> {
    let data = data()?;
    let first: ArrayView1<'_, f64> = data.records().row(0);
    let first = first.to_owned().insert_axis(Axis(0));
    let (training, test) = data.shuffle(&mut Shuffler::seed_from_u64(seed)).split_with_ratio(TRAINING_SHARE);
    let rng = &mut Pcg64::seed_from_u64(seed);
    let targets = targets_of(training.targets());
    let network = Mlp::he_normal(&[FEATURES, 10, 8, 1], rng);
    let mut trainer = Trainer::new(network, training.records().view(), targets.view(), BATCH);
    for number in 1..=epochs {
        let start = Instant::now();
        let epoch = trainer.epoch(rng);
        each(number, &epoch, start.elapsed());
    }
    let start = Instant::now();
    let network = trainer.network();
    let said = network.predict(test.records().view()).mapv(|p| p >= 0.5);
    let matrix = said.confusion_matrix(test.targets()).map_err(|e| FunctionError::Bad(e.to_string()))?;
    Ok(Outcome {
        test_loss: network.loss(test.records().view(), targets_of(test.targets()).view()),
        test_accuracy: f64::from(matrix.accuracy()),
        test_time: start.elapsed(),
        test_batches: test.targets().len().div_ceil(BATCH),
        predicted: network.predict(first.view())[0],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::call::reply;

    #[test]
    fn the_split_is_the_study_s() {
        let (training, test) = data().unwrap().split_with_ratio(TRAINING_SHARE);
        assert_eq!((training.targets().len(), test.targets().len()), (235, 116));
        assert_eq!(data().unwrap().targets().iter().filter(|good| **good).count(), 225);
    }

    #[test]
    fn it_learns_as_well_as_the_reference() {
        // A numpy version of the same model has a mean of 0.903 over 100 seeds, single ones from 0.72 to 0.97.
        let mean = |seeds: std::ops::Range<u64>| -> f64 {
            seeds.map(|seed| train(80, seed, |_, _, _| ()).unwrap().test_accuracy).sum()
        };
        let other = std::thread::spawn(move || mean(50..100));
        let mean = (mean(0..50) + other.join().unwrap()) / 100.0;
        assert!(mean >= 0.89, "mean test accuracy {mean}");
    }

    #[test]
    fn it_prints_what_keras_prints() {
        let text = reply(run, b" 50\n", &[("seed", "1")]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "Epoch 1/50");
        assert!(lines[1].starts_with("8/8 [==============================] - 0s "), "{}", lines[1]);
        assert!(
            lines[1].contains("us/step - loss: 0.") || lines[1].contains("us/step - loss: 1."),
            "{}",
            lines[1]
        );
        assert!(lines[100].starts_with("4/4 ["), "{}", lines[100]);
        assert!(lines[101].starts_with("Test Accuracy: 0."), "{}", lines[101]);
        assert!(lines[102].starts_with("Predicted: 0."), "{}", lines[102]);
        assert_eq!(lines[103], "Predicteds: G");
        assert_eq!(lines.len(), 104);
        let untimed = |text: &str| -> Vec<String> {
            text.lines().map(|l| l.split(" - ").filter(|p| !p.contains("us/step")).collect()).collect()
        };
        assert_eq!(untimed(&text), untimed(&reply(run, b"50", &[("seed", "1")]).unwrap()), "a seed repeats");
    }

    #[test]
    fn a_body_that_is_no_number_is_told_what_it_should_be() {
        for bad in ["", "0", "-3", "ten", "1e3", "100001", "5 0"] {
            let error = reply(run, bad.as_bytes(), &[]).unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`: mltest wants the number of epochs")), "{error}");
        }
    }

    #[test]
    fn it_sleeps_before_the_work() {
        let text = reply(run, b"1", &[("sleep_duration", "1ms"), ("work_duration", "1ms")]).unwrap();
        assert!(text.starts_with("Starting to sleep for 0.001\nFinished the sleep\nEpoch 1/1\n"), "{text}");
    }
}
