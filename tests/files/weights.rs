//! Weights in files: all that does not fit is named, and nothing is changed then.

use crate::support::{arrays, file, folder};
use autodiff::{Error, ErrorKind};
use ndarray::{Array2, array};
use nn::{Activation, BatchNorm, Dense, Init, Module, Param, Random, Sequential, weights};
use std::fs;

fn network(seed: u64) -> Sequential<f64> {
    let r = &mut Random::new(seed);
    Sequential::new()
        .then(Dense::new(2, 3, Init::He, r))
        .then(BatchNorm::new(3))
        .then(Activation::Tanh)
        .then_named("head", Dense::new(3, 2, Init::He, r))
}

#[test]
fn what_is_saved_is_loaded_bit_for_bit() {
    let folder = folder("weights");
    let path = folder.join("model.safetensors");
    let mut model = network(1);
    let odd = array![[f64::MIN_POSITIVE, -0.0, 1e-310], [f64::MAX, 0.1 + 0.2, -f64::EPSILON]];
    nn::parameters_mut(&mut model)[0].1.set(odd).unwrap();
    nn::buffers_mut(&mut model)[1].1.set([1.5, 2.5, 3.5]).unwrap();
    weights::save(&model, &path).unwrap();
    let mut other = network(2);
    assert_ne!(arrays(&other), arrays(&model));
    weights::load(&mut other, &path).unwrap();
    let bits = |model| -> Vec<u64> { arrays(model).iter().flat_map(|(_, a)| a.iter().map(|x| x.to_bits())).collect() };
    assert_eq!(bits(&other), bits(&model));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    // Equal models are equal bytes, and a former file is replaced.
    weights::save(&other, &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), weights::to_bytes(&model).unwrap());

    let single = Dense::from_arrays(array![[0.1f32, -0.0], [f32::MIN_POSITIVE / 4.0, f32::MAX]], None);
    let bytes = weights::to_bytes(&single).unwrap();
    let mut same = Dense::from_arrays(Array2::<f32>::zeros((2, 2)), None);
    weights::from_bytes(&mut same, &bytes).unwrap();
    assert!(same == single && same.weight().array()[[0, 1]].is_sign_negative());
    let mut double = Dense::from_arrays(Array2::<f64>::zeros((2, 2)), None);
    weights::from_bytes(&mut double, &bytes).unwrap();
    assert_eq!(*double.weight().array(), single.weight().array().mapv(f64::from));
}

fn refused(model: &mut impl Module<f64>, bytes: &[u8]) -> Error {
    let before = arrays(model);
    let error = weights::from_bytes(model, bytes).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::File, "load"));
    assert!(error.to_string().contains("tests/files/weights.rs"), "{error}");
    assert_eq!(arrays(model), before, "a file that does not fit changes nothing");
    error
}

#[test]
fn what_does_not_fit_is_named() {
    let r = &mut Random::new(1);
    let bytes = weights::to_bytes(&network(1)).unwrap();
    let mut other = Sequential::new()
        .then(Dense::new(2, 3, Init::He, r))
        .then_named("more", Dense::new(1, 1, Init::He, r).without_bias())
        .then_named("head", Dense::new(3, 4, Init::He, r));
    assert_eq!(
        refused(&mut other, &bytes).message(),
        "the file lacks `more.weight`; the model has no place for `1.mean`, `1.scale`, `1.shift`, `1.variance`; `head.weight` \
         has shape [3, 2], the model needs [3, 4], `head.bias` has shape [2], the model needs [4]"
    );
    let path = folder("matching").join("model.safetensors");
    weights::save(&network(1), &path).unwrap();
    let loaded = weights::load_matching(&mut other, &path).unwrap();
    assert_eq!(loaded.arrays, ["0.weight", "0.bias"]);
    assert_eq!(loaded.missing, ["more.weight"]);
    assert_eq!((loaded.superfluous.len(), loaded.unfit.len(), loaded.is_complete()), (4, 2, false));
    assert_eq!(arrays(&other)[0].1, arrays(&network(1))[0].1);
    assert!(weights::load_matching(&mut network(2), &path).unwrap().is_complete());
    let error = weights::load(&mut other, &path).unwrap_err();
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    assert_eq!(error.help(), Some("`load_matching` sets what fits and tells the rest"));
}

const FORMAT: &str = r#""__metadata__":{"format":"nn 1"}"#;

#[test]
fn other_types_duplicates_and_wrong_ranges_are_named() {
    let model = &mut Dense::from_arrays(array![[1.0, 2.0]], None);
    let mut message = |tensors: &str, bytes: usize| {
        refused(model, &file(&format!("{{{FORMAT},{tensors}}}"), &vec![0; bytes])).message().to_owned()
    };
    for (dtype, size) in [("F16", 4), ("BF16", 4), ("I64", 16), ("U8", 2), ("BOOL", 2)] {
        let tensor = format!(r#""weight":{{"dtype":"{dtype}","shape":[1,2],"data_offsets":[0,{size}]}}"#);
        assert_eq!(message(&tensor, size), format!("`weight` has numbers of type {dtype}; F32 and F64 are read"));
    }
    let one = |name: &str, from: usize, to: usize| {
        format!(r#""{name}":{{"dtype":"F64","shape":[1,2],"data_offsets":[{from},{to}]}}"#)
    };
    let (same, twice) = (one("weight", 0, 16), one("weight", 16, 32));
    assert_eq!(message(&format!("{same},{same}"), 16), "there are two tensors `weight`");
    assert!(message(&format!("{same},{twice}"), 32).contains("`weight` does not begin where"));
    assert_eq!(
        message(&format!("{same},{}", one("bias", 8, 24)), 24),
        "this is no file of safetensors: the range of the tensor `bias` does not begin where that before it ends"
    );
    assert_eq!(
        message(&one("weight", 0, 24), 24),
        "this is no file of safetensors: the tensor `weight` is F64 [1, 2] and has the bytes 0 to 24"
    );
    assert_eq!(
        message(&format!("{same},{}", one("bias", 16, 40)), 40),
        "this is no file of safetensors: the tensor `bias` is F64 [1, 2] and has the bytes 16 to 40"
    );
    let huge = format!(r#""weight":{{"dtype":"F64","shape":[{0},{0}],"data_offsets":[0,16]}}"#, u32::MAX);
    assert!(
        message(&huge, 16).contains("the tensor `weight` is F64 [4294967295, 4294967295] and has the bytes 0 to 16")
    );
    assert!(message(&same, 17).contains("longer or shorter than the tensors in it"));
    let bytes = file(r#"{"__metadata__":{"format":"nn 2"}}"#, &[]);
    assert_eq!(refused(model, &bytes).message(), "the file has the format `nn 2`, which is newer: this is `nn 1`");

    let wide = weights::to_bytes(&Dense::from_arrays(array![[1.0, 2.0]], None)).unwrap();
    let error = weights::from_bytes(&mut Dense::from_arrays(array![[1.0f32, 2.0]], None), &wide).unwrap_err();
    assert_eq!(error.message(), "`weight` has numbers of type F64, which lose digits in a model of f32");
}

/// Two arrays of one path are one tensor too few.
#[derive(Debug)]
struct Twice([Param<f64>; 2]);

impl Module<f64> for Twice {
    fn visit<'a>(&'a self, parts: &mut nn::Parts<'a, f64>) {
        self.0.iter().for_each(|param| parts.part("same", param));
    }
    fn visit_mut<'a>(&'a mut self, parts: &mut nn::PartsMut<'a, f64>) {
        self.0.iter_mut().for_each(|param| parts.part("same", param));
    }
}

#[test]
fn two_arrays_of_one_name_are_not_saved() {
    let error = weights::to_bytes(&Twice([Param::new(1.0), Param::new(2.0)])).unwrap_err();
    assert_eq!(error.message(), "`same` and `same` would both be the tensor `same`");
}

#[test]
fn what_cannot_be_written_or_read_says_so() {
    let folder = folder("unwritable");
    let model = Dense::<f64>::new(1, 1, Init::He, &mut Random::new(1));
    for path in [folder.join("no/such/folder/a"), folder.clone(), folder.join("..")] {
        let error = weights::save(&model, &path).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::File, "save"));
        assert!(error.message().starts_with(&format!("`{}`: ", path.display())), "{error}");
        let error = weights::load(&mut model.clone(), &path).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::File, "load"));
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

/// A file that is replaced keeps its permissions, and a link goes on pointing to what it pointed to.
#[cfg(unix)]
#[test]
fn links_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("links");
    let (path, link) = (folder.join("model"), folder.join("link"));
    let model = Dense::<f64>::new(1, 1, Init::He, &mut Random::new(1));
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&path, &link).unwrap();
    weights::save(&model, &link).unwrap();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read(&path).unwrap(), weights::to_bytes(&model).unwrap());
}
