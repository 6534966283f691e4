//! IDX and NumPy files, against bytes written by hand and by NumPy.

use autodiff::ErrorKind;
use ndarray::{ArrayD, array};
use nn::{Column, idx, npy, npz};
use proptest::prelude::*;
use std::path::PathBuf;

fn numpy(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/numpy").join(name)
}

/// What `make.py` calls `grid`.
fn grid() -> ArrayD<f64> {
    array![[0.0, 1.5, -2.0], [3.25, 1e-3, 250.0]].into_dyn()
}

#[test]
fn files_that_numpy_wrote_are_read() {
    assert_eq!(npy::read::<f64>(numpy("f8.npy")).unwrap(), grid());
    assert_eq!(npy::read::<f64>(numpy("f8_big_endian.npy")).unwrap(), grid());
    let single = grid().mapv(|x| x as f32);
    assert_eq!(npy::read::<f32>(numpy("f4_fortran.npy")).unwrap(), single);
    assert_eq!(npy::read::<f64>(numpy("f4_fortran.npy")).unwrap(), single.mapv(f64::from));
    let large = 2f64.powi(40);
    let whole = array![[-3.0, 0.0, 7.0], [large, -large, 1.0]].into_dyn();
    assert_eq!(npy::read::<f64>(numpy("i8.npy")).unwrap(), whole);
    assert_eq!(npy::read::<f32>(numpy("u2.npy")).unwrap(), array![0.0, 1.0, 65535.0].into_dyn());
    let counted = npy::read::<f64>(numpy("u1.npy")).unwrap();
    assert_eq!(counted.shape(), [2, 3, 4]);
    assert!(counted.iter().zip(0..).all(|(x, i)| *x == f64::from(i)));
    assert_eq!(npy::read::<f64>(numpy("bool.npy")).unwrap(), array![1.0, 0.0, 1.0].into_dyn());
    assert_eq!(npy::read::<f64>(numpy("number.npy")).unwrap(), ndarray::arr0(2.5).into_dyn());
    assert_eq!(npy::read::<f64>(numpy("empty.npy")).unwrap().shape(), [0, 4]);
    for name in ["plain.npz", "compressed.npz"] {
        let arrays = npz::read::<f64>(numpy(name)).unwrap();
        assert_eq!(arrays, [("x".to_owned(), grid()), ("labels".to_owned(), array![0.0, 2.0, 1.0].into_dyn())]);
    }
}

#[test]
fn what_is_written_is_what_numpy_writes() {
    assert_eq!(npy::to_bytes(&grid()), std::fs::read(numpy("f8.npy")).unwrap());
    assert_eq!(npy::to_bytes(&ndarray::arr0(2.5).into_dyn()), std::fs::read(numpy("number.npy")).unwrap());
    assert_eq!(npy::to_bytes(&ArrayD::<f64>::zeros(vec![0, 4])), std::fs::read(numpy("empty.npy")).unwrap());
}

#[test]
fn arrays_of_other_types_are_refused_with_a_remedy() {
    let message = |name| npy::read::<f64>(numpy(name)).unwrap_err();
    let error = message("records.npy");
    assert_eq!((error.kind(), error.message()), (ErrorKind::File, "the array is not of numbers of one type"));
    assert!(error.operands()[0].ends_with("records.npy"));
    assert_eq!(message("text.npy").message(), "the array is of type `<U2`");
    assert!(npy::read::<f32>(numpy("i8.npy")).is_ok(), "powers of two have one digit");
    let header = "{'shape': (1,), 'fortran_order': False, 'descr': '<i4'}\n";
    let bytes = [b"\x93NUMPY\x01\x00".as_slice(), &[header.len() as u8, 0], header.as_bytes(), &[1, 0, 0, 1]].concat();
    assert_eq!(npy::parse::<f64>(&bytes).unwrap(), array![16_777_217.0].into_dyn());
    let error = npy::parse::<f32>(&bytes).unwrap_err();
    assert_eq!(error.message(), "the whole number 16777217 at position 0 has too many digits for f32");
}

#[test]
fn idx_is_read_as_its_description_says() {
    // Two axes, the lengths with the most significant byte first, then the numbers.
    let header = |kind: u8| vec![0, 0, kind, 2, 0, 0, 0, 1, 0, 0, 0, 2];
    let parse = |kind, numbers: &[u8]| idx::parse::<f64>(&[header(kind), numbers.to_vec()].concat()).unwrap();
    assert_eq!(parse(0x08, &[7, 255]), array![[7.0, 255.0]].into_dyn());
    assert_eq!(parse(0x09, &[7, 255]), array![[7.0, -1.0]].into_dyn());
    assert_eq!(parse(0x0B, &[1, 0, 0xff, 0xfe]), array![[256.0, -2.0]].into_dyn());
    assert_eq!(parse(0x0C, &[0, 1, 0, 0, 0xff, 0xff, 0xff, 0xfd]), array![[65536.0, -3.0]].into_dyn());
    let numbers = [1.5f32.to_be_bytes(), (-0.25f32).to_be_bytes()].concat();
    assert_eq!(parse(0x0D, &numbers), array![[1.5, -0.25]].into_dyn());
    let numbers = [1e300f64.to_be_bytes(), (-0.1f64).to_be_bytes()].concat();
    assert_eq!(parse(0x0E, &numbers), array![[1e300, -0.1]].into_dyn());
    let refused = |bytes: &[u8]| idx::parse::<f64>(bytes).unwrap_err().message().to_owned();
    assert_eq!(refused(&[0, 0, 8]), "there are fewer than four bytes");
    assert_eq!(refused(&[0x1f, 0x8b, 8, 0]), "the first two bytes are not 0");
    assert_eq!(refused(&[0, 0, 0x0A, 1]), "there is no type of numbers 0x0a");
    assert_eq!(refused(&[0, 0, 8, 3, 0, 0, 0, 1]), "the header ends at axis 1 of 3");
    assert!(
        refused(&[0, 0, 8, 1, 0, 0, 0, 3, 1, 2]).starts_with("there are 2 bytes of numbers; an array [3] of 1 bytes")
    );
}

#[test]
fn labels_are_whole_numbers() {
    let labels = Column::<f64>::labels(idx::parse::<f64>(&[0, 0, 8, 1, 0, 0, 0, 2, 9, 0]).unwrap()).unwrap();
    assert_eq!(labels, Column::index([9, 0]));
    for wrong in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e300] {
        let error = Column::<f64>::labels([0.0, 1.0, wrong]).unwrap_err();
        assert_eq!(
            error.message(),
            format!("the label in row 2 (counted from 0) is {wrong}, and no whole number from 0")
        );
    }
}

#[test]
fn files_are_written_and_named_where_they_are_not_read() {
    let folder = std::env::temp_dir().join(format!("arrays-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (a, b) = (folder.join("a.npy"), folder.join("b.idx"));
    npy::write(&a, &grid()).unwrap();
    idx::write(&b, &grid()).unwrap();
    assert_eq!((npy::read::<f64>(&a).unwrap(), idx::read::<f64>(&b).unwrap()), (grid(), grid()));
    npz::write(folder.join("c.npz"), [("x", &grid())]).unwrap();
    assert_eq!(npz::read::<f64>(folder.join("c.npz")).unwrap(), [("x".to_owned(), grid())]);
    assert!(npz::to_bytes([("x", &grid()), ("x", &grid())]).is_err());
    std::fs::remove_dir_all(&folder).unwrap();
    for error in [npy::read::<f64>(&a).unwrap_err(), idx::read::<f64>(&b).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.message().contains("arrays-") && error.to_string().contains("arrays.rs"), "{error}");
    }
    assert_eq!(npy::write(&a, &grid()).unwrap_err().kind(), ErrorKind::File);
}

fn arrays() -> impl Strategy<Value = ArrayD<f64>> {
    prop::collection::vec(0usize..4, 0..4).prop_flat_map(|shape| {
        let size = shape.iter().product::<usize>();
        prop::collection::vec(any::<f64>(), size)
            .prop_map(move |numbers| ArrayD::from_shape_vec(shape.clone(), numbers).unwrap())
    })
}

fn bits(array: &ArrayD<f64>) -> (Vec<usize>, Vec<u64>) {
    (array.shape().to_vec(), array.iter().map(|x| x.to_bits()).collect())
}

proptest! {
    #[test]
    fn what_is_written_is_read_with_the_same_bits(array in arrays()) {
        prop_assert_eq!(bits(&npy::parse(&npy::to_bytes(&array)).unwrap()), bits(&array));
        prop_assert_eq!(bits(&idx::parse(&idx::to_bytes(&array).unwrap()).unwrap()), bits(&array));
        // The elements in memory in another order are the same array.
        let turned = array.t().to_owned();
        prop_assert_eq!(bits(&npy::parse(&npy::to_bytes(&turned)).unwrap()), bits(&turned));
        let single = array.mapv(|x| x as f32);
        let read = npy::parse::<f32>(&npy::to_bytes(&single)).unwrap();
        prop_assert!(read.iter().zip(&single).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()));
        let archive = npz::to_bytes([("a", &array), ("b", &turned)]).unwrap();
        let read = npz::parse(&archive).unwrap();
        prop_assert_eq!((bits(&read[0].1), bits(&read[1].1)), (bits(&array), bits(&turned)));
    }
}

/// Whatever is cut off is an error that says so; whatever bit is flipped, there is such an error, or an array of as many
/// numbers as the file has (these formats have no checksum of their own, and a flipped bit of a number is another number).
#[test]
fn damaged_files_of_arrays_are_errors_or_arrays_of_the_same_size() {
    let clear =
        |error: &autodiff::Error| assert!(error.kind() == ErrorKind::File && error.message().len() > 15, "{error}");
    type Parse = fn(&[u8]) -> autodiff::Result<ArrayD<f64>>;
    let archive =
        |bytes: &[u8]| Ok(npz::parse::<f64>(bytes)?.into_iter().next().map(|(_, array)| array).unwrap_or_default());
    let formats: [(&str, Vec<u8>, Parse); 3] = [
        ("npy", npy::to_bytes(&grid()), npy::parse),
        ("idx", idx::to_bytes(&grid()).unwrap(), idx::parse),
        ("npz", npz::to_bytes([("x", &grid())]).unwrap(), archive),
    ];
    for (name, bytes, parse) in formats {
        assert_eq!(parse(&bytes).unwrap(), grid(), "{name}");
        for length in 0..bytes.len() {
            match parse(&bytes[..length]) {
                Err(error) => clear(&error),
                Ok(_) => panic!("{name}: {length} of {} bytes are read", bytes.len()),
            }
        }
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match parse(&flipped) {
                Err(error) => clear(&error),
                // An archive whose list of files is damaged may have none.
                Ok(array) => assert!(array.len() <= bytes.len(), "{name}, bit {bit}: {:?}", array.shape()),
            }
        }
    }
}
