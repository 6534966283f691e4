//! The command line.

use std::str::FromStr;

#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Options {
    pub(crate) file: String,
    /// Names and values of the inputs.
    pub(crate) values: Vec<(String, String)>,
    /// With respect to what; `all` for every input that wants a gradient.
    pub(crate) gradient: Vec<String>,
    pub(crate) tangent: Vec<(String, String)>,
    pub(crate) of: Option<String>,
    pub(crate) check: bool,
    pub(crate) step: bool,
    pub(crate) print: bool,
    /// As a module for JAX.
    pub(crate) jax: bool,
    pub(crate) precision: Option<Precision>,
    /// A file with values of inputs.
    pub(crate) weights: Option<String>,
    /// The length of the axes that the program leaves open.
    pub(crate) n: Option<usize>,
    pub(crate) json: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Precision {
    F32,
    F64,
}

impl FromStr for Precision {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "f32" => Ok(Precision::F32),
            "f64" => Ok(Precision::F64),
            _ => Err(format!("--precision is f32 or f64, not `{name}`")),
        }
    }
}

impl Options {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Options::default();
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            // `--of loss` and `--of=loss` are the same.
            let (flag, attached) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag, Some(value.to_owned())),
                _ => (argument.as_str(), None),
            };
            let takes_none = attached.is_none();
            let mut value =
                || attached.clone().or_else(|| arguments.next().cloned()).ok_or(format!("{flag} takes a value"));
            match flag {
                "--gradient" => options.gradient.extend(value()?.split(',').map(|name| name.trim().to_owned())),
                "--tangent" => options.tangent.push(assignment(&value()?)?),
                "--of" => once(flag, &mut options.of, value()?)?,
                "--weights" => once(flag, &mut options.weights, value()?)?,
                "--n" => once(flag, &mut options.n, length(&value()?)?)?,
                "--precision" => once(flag, &mut options.precision, value()?.parse()?)?,
                "--check" if takes_none => options.check = true,
                "--step" if takes_none => options.step = true,
                "--print" if takes_none => options.print = true,
                "--jax" if takes_none => options.jax = true,
                "--json" if takes_none => options.json = true,
                "-" => options.take_file(argument)?,
                flag if flag.starts_with('-') => return Err(format!("`{argument}` is not an option")),
                _ if options.file.is_empty() && !argument.contains('=') => options.take_file(argument)?,
                _ if argument.contains('=') => options.values.push(assignment(argument)?),
                _ => options.take_file(argument)?,
            }
        }
        if options.file.is_empty() {
            return Err("there is no program: name its file, or `-` for standard input".into());
        }
        options.check_together()?;
        Ok(options)
    }

    /// Options that would do nothing beside others are a mistake.
    fn check_together(&self) -> Result<(), String> {
        let options = self;
        let runs = [
            ("a value", !options.values.is_empty()),
            ("--weights", options.weights.is_some()),
            ("--tangent", !options.tangent.is_empty()),
            ("--check", options.check),
            ("--step", options.step),
        ];
        let shows = [("--print", options.print), ("--jax", options.jax)].into_iter().find(|(_, given)| *given);
        if let (Some((shows, _)), Some((what, _))) = (shows, runs.into_iter().find(|(_, given)| *given)) {
            return Err(format!("{shows} shows the program and runs nothing; {what} does not go with it"));
        }
        if options.print && options.jax {
            return Err("--print shows the program as a text and --jax as a module; one of them is enough".into());
        }
        if options.of.is_some() && options.gradient.is_empty() && !options.step {
            return Err("--of says which output --gradient or --step goes back from; neither is given".into());
        }
        if options.json && (options.print || options.jax || options.step || options.check) {
            return Err(
                "--json shows values and derivatives; it does not go with --print, --jax, --step or --check".into()
            );
        }
        Ok(())
    }

    fn take_file(&mut self, argument: &str) -> Result<(), String> {
        if !self.file.is_empty() {
            return Err(format!("`{argument}` is one file too many; a value is written `name=value`"));
        }
        self.file = argument.into();
        Ok(())
    }
}

/// Sets an option that has one value.
fn once<T>(flag: &str, option: &mut Option<T>, value: T) -> Result<(), String> {
    match option.replace(value) {
        None => Ok(()),
        Some(_) => Err(format!("{flag} is given twice")),
    }
}

fn length(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("--n is a number of rows, not `{text}`"))
}

/// `x=[1,2]`
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().into(), value.trim().into())),
        _ => Err(format!("`{text}` should be `name=value`")),
    }
}
