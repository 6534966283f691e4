//! Damaged files: whatever is cut off or flipped, there is an error or the same content.

use crate::support::{arrays, network, state};
use autodiff::{Error, ErrorKind};
use nn::{Checkpoint, Gru, Module, Random, pytorch, weights};
use std::fs;

/// The bytes before the numbers.
fn header(bytes: &[u8]) -> usize {
    8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize
}

fn is_clear(error: &Error) {
    assert!(error.kind() == ErrorKind::File && error.message().len() > 20, "{error}");
}

/// Tries every truncation and every flipped bit of the header; `same` reads and tells whether the content is that of the bytes
/// before, with the error where it is not readable. The answer: of how many flips the content was the same.
fn try_all(bytes: &[u8], mut same: impl FnMut(&[u8]) -> Result<bool, Error>) -> usize {
    assert!(same(bytes).unwrap());
    for length in 0..bytes.len() {
        is_clear(&same(&bytes[..length]).unwrap_err());
    }
    is_clear(&same(&[bytes, &[0]].concat()).unwrap_err());
    let mut unchanged = 0;
    for bit in 0..8 * header(bytes) {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match same(&flipped) {
            Ok(is_same) => {
                assert!(
                    is_same,
                    "bit {bit} changed the content: {}",
                    String::from_utf8_lossy(&flipped[8..header(bytes)])
                );
                unchanged += 1;
            }
            Err(error) => is_clear(&error),
        }
    }
    unchanged
}

#[test]
fn weights_that_are_damaged() {
    let model = network(1);
    let mut other = network(2);
    let bytes = weights::to_bytes(&model).unwrap();
    let unchanged = try_all(&bytes, |bytes| {
        let before = arrays(&other);
        let result = weights::from_bytes(&mut other, bytes);
        match result {
            Ok(()) => {
                let same = arrays(&other) == arrays(&model);
                weights::from_bytes(&mut other, &weights::to_bytes(&network(2)).unwrap()).unwrap();
                Ok(same)
            }
            Err(error) => {
                assert!(arrays(&other) == before);
                Err(error)
            }
        }
    });
    assert_eq!(unchanged, 0);
}

#[test]
fn weights_of_pytorch_that_are_damaged() {
    let folder = crate::support::folder("damaged");
    let path = folder.join("gru.safetensors");
    let model = Gru::<f64>::new(1, 2, &mut Random::new(1));
    pytorch::save(&model, &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let unchanged = try_all(&bytes, |bytes| {
        let mut other = Gru::new(1, 2, &mut Random::new(2));
        fs::write(&path, bytes).unwrap();
        pytorch::load(&mut other, &path)?;
        Ok(other == model)
    });
    // Nobody reads the description, `{"format":"pt"}`.
    assert!(unchanged < 8 * 14, "{unchanged}");
    // A report of what fits never loads something else.
    for bit in 0..8 * header(&bytes) {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let mut other = Gru::new(1, 2, &mut Random::new(2));
        if let Ok(loaded) = pytorch::load_matching(&mut other, &path) {
            for ((path, found), (_, expected)) in arrays(&other).iter().zip(arrays(&model)) {
                assert!(!loaded.arrays.contains(path) || *found == expected, "bit {bit}: {path}");
            }
        }
    }
}

#[test]
fn checkpoints_that_are_damaged() {
    let state = state(7);
    assert!(state.observers()[0].checkpoint.is_some());
    let bytes = state.to_bytes().unwrap();
    let unchanged = try_all(&bytes, |bytes| Ok(Checkpoint::<f64>::from_bytes(bytes)? == state));
    assert_eq!(unchanged, 0);
    // Behind the header, too: a bit of each byte.
    for byte in header(&bytes)..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[byte] ^= 1 << (byte % 8);
        let error = Checkpoint::<f64>::from_bytes(&flipped).unwrap_err();
        assert_eq!(error.message(), "the file is damaged: its checksum is not that of its bytes");
    }
}

/// Files whose checksum is right and whose text is not that of a checkpoint.
#[test]
fn texts_that_are_no_state_are_refused() {
    let state = state(7);
    let bytes = state.to_bytes().unwrap();
    let changed = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes.windows(from.len()).rposition(|found| found == from.as_bytes()).unwrap();
        let mut changed = bytes.clone();
        changed[at..at + from.len()].copy_from_slice(to.as_bytes());
        let (before, sum) = changed.split_last_chunk_mut::<4>().unwrap();
        *sum = crc32fast::hash(before).to_le_bytes();
        Checkpoint::<f64>::from_bytes(&changed).unwrap_err().message().to_owned()
    };
    assert_eq!(
        changed("\"0.weight\"", "\"0.wEight\""),
        "the file lacks the tensor `observer.0.optimizer.average.0.wEight`"
    );
    assert!(changed("\"seed\":3", "\"seed\":x").starts_with("in `run.json`: expected value at line 1"));
    assert!(changed("\"seed\"", "\"sEed\"").starts_with("in `run.json`: unknown field `sEed`"));
    assert!(changed("run.json", "run_json").contains("the file lacks the tensor `run.json`"));
}

#[test]
fn a_model_of_another_kind_is_told_apart() {
    #[derive(Debug)]
    struct Nothing;
    impl Module<f64> for Nothing {
        nn::visit!(f64;);
    }
    let empty = weights::to_bytes(&Nothing).unwrap();
    weights::from_bytes(&mut Nothing, &empty).unwrap();
    let error = weights::from_bytes(&mut network(1), &empty).unwrap_err();
    assert!(error.message().starts_with("the file lacks `0.weight`, `0.bias`, "), "{error}");
}
