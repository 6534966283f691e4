//! Damaged files: every truncation and every flipped bit is an error or an array, and takes no more memory than the file
//! warrants.

use crate::largest;
use autodiff::Result;
use ndarray::ArrayD;
use nn::{Csv, idx, npy, npz};

/// What a damaged file of this length may ask for at once: each byte a number of eight, twice, and the text of an error or, of a
/// compressed file, the last 32 KiB that were unpacked and tables.
fn warranted(length: usize) -> usize {
    16 * length + 48 * 1024
}

fn array() -> ArrayD<f64> {
    ArrayD::from_shape_fn(vec![3, 2, 2], |at| (at[0] * 4 + at[1] * 2 + at[2]) as f64 - 2.5)
}

/// Reads `bytes` in every damaged form; `header` is how many of them are not numbers, or all where a checksum guards them.
fn damaged(bytes: &[u8], header: usize, read: impl Fn(&[u8]) -> Result<Vec<ArrayD<f64>>>) {
    let whole = read(bytes).unwrap();
    for length in 0..bytes.len() {
        let (cut, memory) = largest(|| read(&bytes[..length]));
        let error = cut.expect_err("a file that is cut short is an error");
        assert!(!error.message().is_empty() && memory <= warranted(length), "{length} bytes: {memory}");
    }
    for bit in 0..8 * header {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (read, memory) = largest(|| read(&bytes));
        assert!(memory <= warranted(bytes.len()), "bit {bit}: {memory}");
        // What the format has no way to notice: another order of bytes, another type as large, a shape of as many numbers.
        if let Ok(arrays) = read {
            let count = |arrays: &[ArrayD<f64>]| arrays.iter().map(ArrayD::len).sum::<usize>();
            assert!(count(&arrays) == count(&whole), "bit {bit}");
        }
    }
}

#[test]
fn damaged_idx_files() {
    damaged(&idx::to_bytes(&array()).unwrap(), 4 + 3 * 4, |bytes| Ok(vec![idx::parse(bytes)?]));
    let small = [vec![0, 0, 0x08, 2, 0, 0, 0, 3, 0, 0, 0, 4], (0..12).collect()].concat();
    damaged(&small, 12, |bytes| Ok(vec![idx::parse(bytes)?]));
}

#[test]
fn damaged_npy_files() {
    let bytes = npy::to_bytes(&array());
    damaged(&bytes, bytes.len() - 8 * array().len(), |bytes| Ok(vec![npy::parse(bytes)?]));
}

#[test]
fn damaged_npz_files() {
    let bytes = npz::to_bytes([("x", &array()), ("y", &(array() * 2.0))]).unwrap();
    damaged(&bytes, bytes.len(), |bytes| Ok(npz::parse(bytes)?.into_iter().map(|(_, array)| array).collect()));
    let bytes = include_bytes!("../data/numpy/compressed.npz");
    damaged(bytes, bytes.len(), |bytes| Ok(npz::parse(bytes)?.into_iter().map(|(_, array)| array).collect()));
}

/// A header of a few bytes that claims exabytes.
#[test]
fn claims_are_not_believed() {
    let all = [0xff; 4];
    let huge = [vec![0, 0, 0x0E, 4], all.to_vec(), all.to_vec(), all.to_vec(), all.to_vec()].concat();
    let (read, memory) = largest(|| idx::parse::<f64>(&huge));
    assert!(read.unwrap_err().message().contains("more than there can be") && memory < 4096);
    // No numbers, in a shape that nothing has.
    let empty = [vec![0, 0, 0x08, 4], vec![0; 4], all.to_vec(), all.to_vec(), all.to_vec()].concat();
    assert!(idx::parse::<f64>(&empty).is_err());
    let shape = "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 999999999), }\n";
    let bytes = [b"\x93NUMPY\x01\x00".as_slice(), &[shape.len() as u8, 0], shape.as_bytes(), &[0; 16]].concat();
    let (read, memory) = largest(|| npy::parse::<f64>(&bytes));
    assert!(read.is_err() && memory < 4096);
    let (read, memory) = largest(|| npy::parse::<f64>(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr': '<f8'"));
    assert!(read.unwrap_err().message().starts_with("the header should have 4294967295 bytes") && memory < 4096);
}

#[test]
fn a_table_takes_memory_for_what_it_holds() {
    let text = "a,b\n".to_owned() + &"1,2\n".repeat(1000);
    let (table, memory) = largest(|| Csv::new().parse(&text).unwrap().valued::<f64>("b").unwrap());
    assert_eq!(table.len(), 1000);
    assert!(memory < 64 * 1024, "{memory}");
}
