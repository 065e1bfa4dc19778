//! `knn`: the 10 nearest of the CIFAR-10 training images by the sum of absolute differences, and their vote.
//!
//! The data is the user's own copy: the variable `cifar_dir` names the folder of CIFAR-10's binary form
//! (`data_batch_1.bin` … and `test_batch.bin`; records of 3,073 bytes: a label, then 32×32 red, green and blue).
//! The body is an image (3,072 bytes, or 3,073 with its label), or as text which image of the test batch is meant.
//! An empty body, or `example`, works the small example that needs no data.

use super::FunctionError;
use super::call::Call;
use linfa_nn::distance::{Distance, L1Dist};
use linfa_nn::{CommonNearestNeighbour, NearestNeighbour};
use ndarray::{Array1, Array2};
use std::path::{Path, PathBuf};

const PIXELS: usize = 3 * 32 * 32;
const RECORD: usize = PIXELS + 1;
const NEIGHBOURS: usize = 10;
const LABELS: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The worked example of the study: a test image and a training image of 4×4 pixels, 456 apart.
const EXAMPLE: ([f64; 16], [f64; 16]) = (
    [56., 32., 10., 18., 90., 23., 128., 133., 24., 26., 178., 200., 2., 0., 255., 220.],
    [10., 20., 24., 17., 8., 10., 89., 100., 12., 16., 178., 170., 4., 32., 233., 112.],
);

/// Labelled images.
struct Images {
    labels: Vec<u8>,
    pixels: Array2<f64>,
}

pub(super) fn run(call: &mut Call<'_>) -> Result<(), FunctionError> {
    // An image may well be text by chance: its length tells first.
    let is_image = matches!(call.body.len(), PIXELS | RECORD);
    let text = if is_image { "-" } else { str::from_utf8(call.body).map(str::trim).unwrap_or("-") };
    if text.is_empty() || text == "example" {
        let (test, training) = (Array1::from_iter(EXAMPLE.0), Array1::from_iter(EXAMPLE.1));
        writeln!(call.output, "distance: {}", L1Dist.distance(test.view(), training.view()))?;
        return Ok(());
    }
    let folder = call.variable("cifar_dir").ok_or_else(|| {
        FunctionError::Bad(
            "there are no images: deploy knn with the variable cifar_dir naming a folder with CIFAR-10's binary \
             version (data_batch_1.bin …, test_batch.bin), or send `example`"
                .into(),
        )
    })?;
    let folder = PathBuf::from(folder);
    let image = match call.body.len() {
        PIXELS => to_row(call.body),
        RECORD => to_row(&call.body[1..]),
        _ => {
            let number: usize = text.parse().map_err(|_| {
                FunctionError::Bad(format!(
                    "the body has {} bytes: knn wants an image ({PIXELS} or {RECORD} bytes), the number of a test \
                     image as text, or `example`",
                    call.body.len()
                ))
            })?;
            let test = read(&[folder.join("test_batch.bin")])?;
            if number >= test.labels.len() {
                let last = test.labels.len() - 1;
                return Err(FunctionError::Bad(format!(
                    "there is no test image {number}: the last is {last}"
                )));
            }
            writeln!(call.output, "image {number}: {}", name_of(test.labels[number]))?;
            test.pixels.row(number).to_owned()
        }
    };
    let batches: Vec<PathBuf> =
        (1..=5).map(|n| folder.join(format!("data_batch_{n}.bin"))).filter(|p| p.exists()).collect();
    if batches.is_empty() {
        return Err(FunctionError::Bad(format!("{} holds no data_batch_1.bin", folder.display())));
    }
    let training = read(&batches)?;
    let index = CommonNearestNeighbour::LinearSearch
        .from_batch(&training.pixels, L1Dist)
        .map_err(|e| FunctionError::Bad(format!("the images cannot be searched: {e}")))?;
    let nearest = index
        .k_nearest(image.view(), NEIGHBOURS)
        .map_err(|e| FunctionError::Bad(format!("the images cannot be searched: {e}")))?;
    let mut votes = [0u32; LABELS.len()];
    for (point, at) in nearest {
        let label = training.labels[at];
        votes[usize::from(label)] += 1;
        writeln!(call.output, "{:>9} {} (image {at})", L1Dist.distance(image.view(), point), name_of(label))?;
    }
    // Of labels with as many votes, the first one in the list of labels.
    let winner = (0..votes.len()).rev().max_by_key(|label| votes[*label]).unwrap_or(0);
    writeln!(call.output, "vote: {} ({} of {})", LABELS[winner], votes[winner], votes.iter().sum::<u32>())?;
    Ok(())
}

fn name_of(label: u8) -> &'static str {
    LABELS[usize::from(label)]
}

fn to_row(bytes: &[u8]) -> Array1<f64> {
    bytes.iter().map(|b| f64::from(*b)).collect()
}

/// Reads batches in CIFAR-10's binary form.
fn read(files: &[PathBuf]) -> Result<Images, FunctionError> {
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for file in files {
        for record in records(file)?.chunks_exact(RECORD) {
            if usize::from(record[0]) >= LABELS.len() {
                let text = format!(
                    "{}: image {} has the label {}, of 0 to 9",
                    file.display(),
                    labels.len(),
                    record[0]
                );
                return Err(FunctionError::Bad(text));
            }
            labels.push(record[0]);
            pixels.extend(record[1..].iter().map(|b| f64::from(*b)));
        }
    }
    let pixels = Array2::from_shape_vec((labels.len(), PIXELS), pixels)
        .map_err(|e| FunctionError::Bad(format!("the images cannot be read: {e}")))?;
    Ok(Images { labels, pixels })
}

fn records(file: &Path) -> Result<Vec<u8>, FunctionError> {
    let bytes = std::fs::read(file)
        .map_err(|e| FunctionError::Bad(format!("cannot read {}: {e}", file.display())))?;
    if bytes.is_empty() || bytes.len() % RECORD != 0 {
        return Err(FunctionError::Bad(format!(
            "{} has {} bytes: a batch is a whole number of records of {RECORD} bytes",
            file.display(),
            bytes.len()
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::call::reply;

    fn image(label: u8, shade: u8) -> Vec<u8> {
        std::iter::once(label).chain(std::iter::repeat_n(shade, PIXELS)).collect()
    }

    #[test]
    fn the_study_s_example_is_456() {
        assert_eq!(reply(run, b"", &[]).unwrap(), "distance: 456\n");
    }

    #[test]
    fn the_ten_nearest_vote() {
        let folder = tempfile::tempdir().unwrap();
        // Seven dark ships, six lighter cats, ten bright birds.
        let batch: Vec<u8> = (0..7)
            .flat_map(|_| image(8, 10))
            .chain((0..6).flat_map(|_| image(3, 30)))
            .chain((0..10).flat_map(|_| image(2, 250)))
            .collect();
        std::fs::write(folder.path().join("data_batch_1.bin"), batch).unwrap();
        std::fs::write(folder.path().join("test_batch.bin"), image(8, 12)).unwrap();
        let environment = [("cifar_dir", folder.path().to_str().unwrap())];
        let text = reply(run, b"0", &environment).unwrap();
        assert!(text.starts_with("image 0: ship\n     6144 ship (image "), "{text}");
        assert!(text.ends_with("vote: ship (7 of 10)\n"), "{text}");
        assert_eq!(reply(run, &image(8, 12)[1..], &environment).unwrap().lines().count(), 11);
        let error = reply(run, b"1", &environment).unwrap_err().to_string();
        assert_eq!(error, "there is no test image 1: the last is 0");
    }

    #[test]
    fn missing_or_damaged_data_is_said() {
        let error = reply(run, b"3", &[]).unwrap_err().to_string();
        assert!(error.contains("cifar_dir"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("test_batch.bin"), [1, 2, 3]).unwrap();
        let environment = [("cifar_dir", folder.path().to_str().unwrap())];
        let error = reply(run, b"0", &environment).unwrap_err().to_string();
        assert!(error.contains("test_batch.bin has 3 bytes"), "{error}");
    }
}
