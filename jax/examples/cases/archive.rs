//! A case as files: modules, and one archive of arrays.

use autodiff::{Input, Program, Real};
use autodiff_jax::source;
use ndarray::ArrayD;
use safetensors::tensor::{Dtype, TensorView};
use std::fs;
use std::path::Path;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A program, the program of its gradients, inputs, and what the engine answers.
pub struct Case<F: Real> {
    pub name: String,
    pub what: &'static str,
    pub forward: Option<Program<F>>,
    pub reverse: Option<Program<F>>,
    pub single: Option<Program<f32>>,
    pub inputs: Vec<Input<F>>,
    pub outputs: Vec<Input<F>>,
    /// Cotangents by outputs.
    pub cotangents: Vec<(usize, ArrayD<F>)>,
    /// Gradients by inputs.
    pub gradients: Vec<(usize, Input<F>)>,
}

impl<F: Real> Default for Case<F> {
    fn default() -> Self {
        Case {
            name: String::new(),
            what: "",
            forward: None,
            reverse: None,
            single: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            cotangents: Vec::new(),
            gradients: Vec::new(),
        }
    }
}

impl<F: Real> Case<F> {
    /// Writes the files; the answer is the line of the list.
    pub fn write(&self, folder: &Path) -> Result<String> {
        let name = &self.name;
        let mut arrays = Vec::new();
        if let Some(program) = &self.forward {
            fs::write(folder.join(format!("{name}.py")), source(program)?)?;
        }
        if let Some(program) = &self.reverse {
            fs::write(folder.join(format!("{name}_reverse.py")), source(program)?)?;
        }
        push(&mut arrays, "x", self.inputs.iter().enumerate());
        push(&mut arrays, "y", self.outputs.iter().enumerate());
        let cotangents: Vec<(usize, Input<F>)> =
            self.cotangents.iter().map(|(i, z)| (*i, Input::Real(z.clone()))).collect();
        push(&mut arrays, "z", cotangents.iter().map(|(i, z)| (*i, z)));
        push(&mut arrays, "g", self.gradients.iter().map(|(i, g)| (*i, g)));
        save(&folder.join(format!("{name}.safetensors")), arrays)?;
        let mut line = format!("{name} {} {}\n", self.what, F::NAME);
        if let Some(program) = &self.single {
            fs::write(folder.join(format!("{name}_f32.py")), source(program)?)?;
            let narrow = |input: &Input<F>| match input {
                Input::Real(x) => Input::Real(x.mapv(|x| x.double() as f32)),
                Input::Index(i) => Input::Index(i.clone()),
                Input::Key(key) => Input::Key(*key),
            };
            let inputs: Vec<Input<f32>> = self.inputs.iter().map(narrow).collect();
            let mut arrays = Vec::new();
            push(&mut arrays, "x", inputs.iter().enumerate());
            push(&mut arrays, "y", program.run_all(&inputs)?.iter().enumerate());
            save(&folder.join(format!("{name}_f32.safetensors")), arrays)?;
            line += &format!("{name}_f32 {} f32\n", self.what);
        }
        Ok(line)
    }
}

/// An array of an archive: name, type, shape, bytes.
type Array = (String, Dtype, Vec<usize>, Vec<u8>);

fn push<'a, F: Real>(arrays: &mut Vec<Array>, prefix: &str, list: impl Iterator<Item = (usize, &'a Input<F>)>) {
    arrays.extend(list.map(|(i, input)| array(format!("{prefix}{i:04}"), input)));
}

pub fn array<F: Real>(name: String, input: &Input<F>) -> Array {
    match input {
        Input::Real(x) if F::NAME == "f32" => {
            let bytes = x.iter().flat_map(|x| (x.double() as f32).to_le_bytes()).collect();
            (name, Dtype::F32, x.shape().to_vec(), bytes)
        }
        Input::Real(x) => {
            let bytes = x.iter().flat_map(|x| x.double().to_le_bytes()).collect();
            (name, Dtype::F64, x.shape().to_vec(), bytes)
        }
        Input::Index(i) => {
            let bytes = i.iter().flat_map(|i| (*i as i64).to_le_bytes()).collect();
            (name, Dtype::I64, i.shape().to_vec(), bytes)
        }
        Input::Key(key) => (name, Dtype::U64, Vec::new(), key.to_le_bytes().to_vec()),
    }
}

pub fn save(path: &Path, arrays: Vec<Array>) -> Result<()> {
    let views = arrays
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?)));
    let views = views.collect::<Result<Vec<_>>>()?;
    fs::write(path, safetensors::serialize(views, None)?)?;
    Ok(())
}
