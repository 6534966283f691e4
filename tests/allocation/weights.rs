//! Whatever a file says, reading it asks for no more memory than a file of its length warrants.

use crate::largest;
use nn::{Adam, Checkpoint, Dataset, Dense, Init, Random, Trainer, loss, weights};

/// Blocks for the text of the header and what is parsed of it may be some times as long.
fn warranted(bytes: &[u8]) -> usize {
    8 * bytes.len() + 4096
}

/// Flips every bit of the header and puts large numbers in place of its small ones.
fn try_all(bytes: &[u8], read: impl Fn(&[u8]) -> bool) {
    let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
    let ask = |bytes: &[u8]| {
        let (_, most) = largest(|| read(bytes));
        assert!(most <= warranted(bytes), "{most} bytes for a file of {}", bytes.len());
    };
    for bit in 0..8 * header {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        ask(&flipped);
    }
    let text = String::from_utf8(bytes[8..header].to_vec()).unwrap();
    for huge in ["4000000000", "18446744073709551615", "99999999999999999999999"] {
        for (at, _) in text.match_indices(|c: char| c.is_ascii_digit()) {
            let text = format!("{}{huge}{}", &text[..at], &text[at + 1..]);
            let length = (text.len() as u64).to_le_bytes();
            ask(&[&length, text.as_bytes(), &bytes[header..]].concat());
        }
    }
    // A shape of no elements may have axes of any length.
    let empty = r#"{"__metadata__":{"format":"nn 1"},"weight":{"dtype":"F64","shape":[0,4611686018427387903],"data_offsets":[0,0]}}"#;
    ask(&[&(empty.len() as u64).to_le_bytes(), empty.as_bytes()].concat());
}

#[test]
fn files_ask_for_no_more_memory_than_they_have_bytes() {
    let mut model = Dense::<f64>::new(2, 3, Init::He, &mut Random::new(1));
    let bytes = weights::to_bytes(&model).unwrap();
    try_all(&bytes, |bytes| weights::from_bytes(&mut model.clone(), bytes).is_ok());
    let data = Dataset::valued([[1.0, 2.0]], [[1.0, 2.0, 3.0]]).unwrap();
    let state = Trainer::new(Adam::new(0.1)).fit(&mut model, loss::mean_squared, &data).unwrap();
    try_all(&state.to_bytes().unwrap(), |bytes| Checkpoint::<f64>::from_bytes(bytes).is_ok());
}
