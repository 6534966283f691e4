//! Networks that are trained on tables: `train`, `predict`, `score`.

use super::{Failure, values};
use autodiff::{Input, Program, Registry};
use ndarray::{ArrayD, Axis};
use nn::{Column, Csv, Dataset, Network, NetworkConfig, Table, export_by, metric};
use serde::{Deserialize, Serialize};
use std::io::Write;

/// What a program that was trained on a table states about its tables: a comment in front of its text.
#[derive(Serialize, Deserialize)]
struct Description {
    features: Vec<String>,
    target: String,
    /// In the order of the outputs; of two classes with one output, the second is that whose probability is given. None
    /// for numbers.
    classes: Vec<String>,
}

const MARK: &str = "# table ";

/// The command line behind `train`, `predict` or `score`.
struct Arguments<'a> {
    files: Vec<&'a str>,
    target: Option<&'a str>,
    to: Option<&'a str>,
    test: Option<f64>,
}

impl<'a> Arguments<'a> {
    fn parse(arguments: &'a [String], allowed: &[&str], files: &str) -> Result<Self, Failure> {
        let mut found = Arguments { files: Vec::new(), target: None, to: None, test: None };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            if !argument.starts_with("--") {
                found.files.push(argument);
                continue;
            }
            if !allowed.contains(&argument.as_str()) {
                return Err(Failure::Usage(format!("`{argument}` is not an option here")));
            }
            let value = arguments.next().ok_or_else(|| Failure::Usage(format!("{argument} takes a value")))?;
            let twice = match argument.as_str() {
                "--target" => found.target.replace(value).is_some(),
                "--to" => found.to.replace(value).is_some(),
                _ => {
                    let fraction =
                        value.parse().map_err(|_| Failure::Usage(format!("--test is a fraction, not `{value}`")))?;
                    found.test.replace(fraction).is_some()
                }
            };
            if twice {
                return Err(Failure::Usage(format!("{argument} is given twice")));
            }
        }
        match found.files.len() {
            2 => Ok(found),
            _ => Err(Failure::Usage(format!("there should be two files: {files}"))),
        }
    }
}

/// Trains a network with given settings on a table, and writes it as the text of a program.
pub(crate) fn train(arguments: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(arguments, &["--target", "--to", "--test"], "the settings and a table")?;
    let needed = |flag: &str| Failure::Usage(format!("`train` needs {flag}"));
    let target = arguments.target.ok_or_else(|| needed("--target, the column that is learnt"))?;
    let to = arguments.to.ok_or_else(|| needed("--to, the file that the trained network is written to"))?;
    let (file, text) = (arguments.files[0], values::read(arguments.files[0])?);
    let wrong = |error: serde_json::Error| Failure::Other(format!("{file}: {error}"));
    let config: NetworkConfig = serde_json::from_str(&text).map_err(wrong)?;
    let activators: serde_json::Value = serde_json::from_str(&text).map_err(wrong)?;
    let last = activators["activators"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();

    let table = Csv::new().read(arguments.files[1])?;
    let features: Vec<String> = table.names().iter().filter(|name| *name != target).cloned().collect();
    let classes = if last == "identity" { Vec::new() } else { table.classes(target)? };
    let data: Dataset<f64> =
        if classes.is_empty() { table.valued(target)? } else { table.labelled(target, &classes)? };
    let (train, test) = match arguments.test {
        None => (data, None),
        Some(share) => {
            let shares = [1.0 - share, share];
            let [train, test] =
                if classes.is_empty() { data.partition(shares, 0)? } else { data.stratified(shares, 0)? };
            (train, Some(test))
        }
    };
    let mut network = Network::new(config)?;
    network.fit(&train)?;
    let costs = network.cost_history();
    if let (Some(first), Some(end)) = (costs.first(), costs.last()) {
        writeln!(out, "cost: {first} in the beginning, {end} in the end")?;
    }
    writeln!(out, "score on {} rows: {}", train.len(), network.score(&train)?)?;
    if let Some(test) = test {
        writeln!(out, "score on {} rows that were left out: {}", test.len(), network.score(&test)?)?;
    }
    let model = network.model();
    let exported = export_by(model, |cx, n| {
        let x = cx.tape().symbolic_input([n, features.len()]).named("x");
        let z = nn::Layer::forward(model, x, cx);
        match last.as_str() {
            Some("sigmoid") => z.sigmoid().named("y"),
            Some("softmax") => z.softmax(1).named("y"),
            _ => z.named("y"),
        }
    })?;
    let description = Description { features, target: target.to_owned(), classes };
    let description = serde_json::to_string(&description).map_err(wrong)?;
    exported.save_with_comment(to, &format!("{MARK}{description}"))?;
    Ok(writeln!(out, "written to {to}")?)
}

/// Prints the predictions of a trained network for the rows of a table.
pub(crate) fn predict(arguments: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(arguments, &[], "a trained network and a table")?;
    let (description, table, y) = outputs(&arguments)?;
    drop(table);
    let Description { target, classes, .. } = &description;
    let quoted = |text: &str| match text.contains([',', '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    // One output of two classes is the probability of the second.
    let shown = if y.len_of(Axis(1)) == 1 { classes.get(1..) } else { Some(classes.as_slice()) };
    let header: Vec<String> = std::iter::once(quoted(target))
        .chain(shown.unwrap_or_default().iter().map(|class| quoted(&format!("probability of {class}"))))
        .collect();
    writeln!(out, "{}", header.join(","))?;
    let chosen = chosen(&y)?;
    for (row, chosen) in y.rows().into_iter().zip(chosen) {
        let mut fields = Vec::new();
        if let Some(class) = classes.get(chosen) {
            fields.push(quoted(class));
        }
        fields.extend(row.iter().map(f64::to_string));
        writeln!(out, "{}", fields.join(","))?;
    }
    Ok(())
}

/// Prints how well a trained network predicts the target of a table.
pub(crate) fn score(arguments: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(arguments, &[], "a trained network and a table")?;
    let (Description { features, target, classes }, table, y) = outputs(&arguments)?;
    let kept: Vec<&String> = features.iter().chain([&target]).collect();
    let others: Vec<&str> = table.names().iter().filter(|name| !kept.contains(name)).map(String::as_str).collect();
    let table = table.without(others)?;
    let (measure, score) = match classes.is_empty() {
        true => ("R²", metric::r_squared(&y, table.valued::<f64>(&target)?.targets()?)?),
        false => {
            let data: Dataset<f64> = table.labelled(&target, &classes)?;
            let Column::Index(labels) = data.targets()? else { return Ok(()) };
            let right = labels.iter().zip(chosen(&y)?).filter(|(label, chosen)| *label == chosen).count();
            ("accuracy", right as f64 / labels.len() as f64)
        }
    };
    Ok(writeln!(out, "{measure} on {} rows: {score}", y.len_of(Axis(0)))?)
}

/// The class of each row: the likeliest output; of one output, whether it is one half or more.
fn chosen(y: &ArrayD<f64>) -> Result<Vec<usize>, Failure> {
    match y.len_of(Axis(1)) {
        1 => Ok(y.iter().map(|p| usize::from(*p >= 0.5)).collect()),
        _ => Ok(metric::predictions(y)?.to_vec()),
    }
}

/// What a trained network is about, the table, and what it makes of its rows.
fn outputs(arguments: &Arguments<'_>) -> Result<(Description, Table, ArrayD<f64>), Failure> {
    let file = arguments.files[0];
    let text = values::read(file)?;
    let wrong = |what: String| Failure::Other(format!("{file}: {what}"));
    let marked = text.lines().find_map(|line| line.strip_prefix(MARK));
    let marked =
        marked.ok_or_else(|| wrong("`run train` has not written it: it does not say what its columns are".into()))?;
    let description: Description = serde_json::from_str(marked).map_err(|error| wrong(error.to_string()))?;
    let table = Csv::new().read(arguments.files[1])?;
    let others: Vec<&str> =
        table.names().iter().filter(|name| !description.features.contains(name)).map(String::as_str).collect();
    let own = table.without(others)?;
    let x: ArrayD<f64> = own.features()?;
    // In the order of the table that it was trained on.
    let mut order = Vec::new();
    for name in &description.features {
        let lacks = || Failure::Other(format!("{}: there is no column `{name}`", arguments.files[1]));
        order.push(own.names().iter().position(|own| own == name).ok_or_else(lacks)?);
    }
    let x = x.select(Axis(1), &order);
    let program = Program::parse_with(&text, &Registry::standard(), x.len_of(Axis(0)))?;
    let y = program.run(&[Input::Real(x)])?.into_iter().next();
    match y.filter(|y| y.ndim() == 2) {
        Some(y) => Ok((description, table, y)),
        None => Err(wrong("its first output has no row for each row of x".into())),
    }
}

/// The command `name` of a table, if it is one.
pub(crate) fn command(name: &str) -> Option<fn(&[String], &mut dyn Write) -> Result<(), Failure>> {
    match name {
        "train" => Some(train),
        "predict" => Some(predict),
        "score" => Some(score),
        _ => None,
    }
}
