//! Runs the models that the example `models` of `autodiff-onnx` has written to a folder with rten, a runtime of pure Rust,
//! and compares the outputs with the engine's. The argument is the folder.

use rten::{Model, Value};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: onnx-rten FOLDER")?);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut compared = 0;
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "onnx")) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let model = match Model::load_file(path) {
            // The loop over the steps of a recurrent network.
            Err(error) if format!("{error:?}").contains("\"Scan\"") => {
                println!("{name}: rten lacks the operation Scan");
                continue;
            }
            model => model?,
        };
        for x_path in &files {
            let file = x_path.file_name().unwrap_or_default().to_string_lossy();
            let Some(n) = file.strip_prefix(&format!("{name}.x.")) else { continue };
            let (shape, numbers) = npy(x_path)?;
            let x: Value = match *name == *"transformer" {
                true => Tensor::from_data(&shape[..], numbers.iter().map(|x| *x as i32).collect::<Vec<_>>()).into(),
                false => Tensor::from_data(&shape[..], numbers.iter().map(|x| *x as f32).collect::<Vec<_>>()).into(),
            };
            let y: Tensor<f32> = model.run_one(x.into(), None)?.try_into()?;
            let (shape, expected) = npy(&folder.join(format!("{name}.y.{n}")))?;
            let size = expected.iter().fold(1.0, |size: f64, y| size.max(y.abs()));
            let differs = y.iter().zip(&expected).map(|(y, e)| (f64::from(*y) - e).abs() / size).fold(0.0, f64::max);
            println!("{name} in rten, {} examples: within {differs:.1e}", shape[0]);
            if y.shape() != &shape[..] || differs > 1e-5 {
                return Err(format!("{name}: {differs:e}, shape {:?}", y.shape()).into());
            }
            compared += 1;
        }
    }
    if compared == 0 { Err("there are no models".into()) } else { Ok(()) }
}

/// Shape and numbers of a file of NumPy, as the example writes it: double precision, row by row.
fn npy(path: &Path) -> Result<(Vec<usize>, Vec<f64>)> {
    let bytes = fs::read(path)?;
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length])?;
    let shape = header.split("'shape': (").nth(1).and_then(|rest| rest.split(')').next()).ok_or("no shape")?;
    let shape = shape.split(',').map(str::trim).filter(|word| !word.is_empty());
    let shape: Vec<usize> = shape.map(str::parse).collect::<std::result::Result<_, _>>()?;
    let numbers = bytes[10 + length..].chunks_exact(8).map(|x| f64::from_le_bytes(x.try_into().unwrap_or([0; 8])));
    Ok((shape, numbers.collect()))
}
