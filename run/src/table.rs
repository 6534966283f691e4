//! Networks that are trained on tables: `train`, `predict`, `score`.

use super::columns::{self, Description, Missing};
use super::{Failure, values};
use autodiff::{Input, Program, Registry};
use ndarray::{ArrayD, Axis};
use nn::{Column, Network, NetworkConfig, export_by, metric};
use std::io::Write;

const MARK: &str = "# table ";

/// The command line behind `train`, `predict` or `score`.
#[derive(Default)]
struct Arguments<'a> {
    files: Vec<&'a str>,
    target: Option<&'a str>,
    to: Option<&'a str>,
    test: Option<f64>,
    missing: Option<Missing>,
    /// The columns that are left out.
    without: Vec<&'a str>,
}

/// The options of `train`; the other commands have none.
const TRAIN: [&str; 5] = ["--target", "--to", "--test", "--missing", "--without"];

impl<'a> Arguments<'a> {
    fn parse(arguments: &'a [String], allowed: &[&str], files: &str) -> Result<Self, Failure> {
        let mut found = Arguments::default();
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
                "--missing" => found.missing.replace(Missing::parse(value)?).is_some(),
                "--without" => {
                    found.without.push(value);
                    false
                }
                _ => found.test.replace(fraction(value)?).is_some(),
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

/// The fraction of the rows that is left out of the training.
fn fraction(text: &str) -> Result<f64, Failure> {
    match text.parse() {
        Ok(fraction) if 0.0 < fraction && fraction < 1.0 => Ok(fraction),
        _ => Err(Failure::Usage(format!("--test takes a fraction below 1, such as 0.2; not `{text}`"))),
    }
}

/// Trains a network with given settings on a table, and writes it as the text of a program.
pub(crate) fn train(arguments: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(arguments, &TRAIN, "the settings and a table")?;
    let needed = |flag: &str| Failure::Usage(format!("`train` needs {flag}"));
    let target = arguments.target.ok_or_else(|| needed("--target, the column that is learnt"))?;
    let to = arguments.to.ok_or_else(|| needed("--to, the file that the trained network is written to"))?;
    let (file, text) = (arguments.files[0], values::read(arguments.files[0])?);
    let wrong = |error: serde_json::Error| Failure::Other(format!("{file}: {error}"));
    let config: NetworkConfig = serde_json::from_str(&text).map_err(wrong)?;
    let settings: serde_json::Value = serde_json::from_str(&text).map_err(wrong)?;
    let last = settings["activators"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();

    let file_of_table = arguments.files[1];
    let table = columns::read(file_of_table)?;
    for name in arguments.without.iter().chain([&target]) {
        columns::check_column(file_of_table, &table, name)?;
    }
    if arguments.without.contains(&target) {
        return Err(Failure::Usage(format!("`{target}` is the target; --without leaves out features")));
    }
    let table = table.without(arguments.without.iter().copied())?;
    let classes = if last == "identity" { Vec::new() } else { table.classes(target)? };
    let mut description = Description::of(&table, target, classes, arguments.missing.unwrap_or_default())?;
    let features = description.wide();
    let data = description.data(file_of_table, &table)?;
    if let Some(nodes) = settings["nodes"][0].as_u64().filter(|nodes| *nodes != features.len() as u64) {
        let (count, list) = (features.len(), columns::listed(&features));
        let message = format!("{file}: the first of `nodes` is {nodes}, the features are {count}: {list}");
        return Err(Failure::Other(message));
    }
    for (name, categories) in &description.categories {
        writeln!(out, "`{name}` is one-hot: {}", columns::listed(categories))?;
    }
    if data.len() < table.len() {
        writeln!(out, "{} of {} rows lack a value and are left out", table.len() - data.len(), table.len())?;
    }
    let (train, test) = match arguments.test {
        None => (data, None),
        Some(share) => {
            let shares = [1.0 - share, share];
            let [train, test] =
                if description.classes.is_empty() { data.partition(shares, 0)? } else { data.stratified(shares, 0)? };
            (train, Some(test))
        }
    };
    description.learn_means(&train)?;
    let train = description.filled_data(&train)?;
    let mut network = Network::new(config)?;
    network.fit(&train)?;
    let costs = network.cost_history();
    if let (Some(first), Some(end)) = (costs.first(), costs.last()) {
        writeln!(out, "cost: {first} in the beginning, {end} in the end")?;
    }
    writeln!(out, "score on {} rows: {}", train.len(), network.score(&train)?)?;
    if let Some(test) = test {
        let score = network.score(&description.filled_data(&test)?)?;
        writeln!(out, "score on {} rows that were left out: {score}", test.len())?;
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
    let description = serde_json::to_string(&description).map_err(wrong)?;
    exported.save_with_comment(to, &format!("{MARK}{description}"))?;
    Ok(writeln!(out, "written to {to}")?)
}

/// Prints the predictions of a trained network for the rows of a table.
pub(crate) fn predict(arguments: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(arguments, &[], "a trained network and a table")?;
    let trained = Trained::read(arguments.files[0])?;
    let Description { target, classes, missing, .. } = &trained.description;
    let x = trained.description.features(arguments.files[1], &columns::read(arguments.files[1])?)?;
    // A row that lacks a value, and for which nothing stands, has no prediction, and keeps its place.
    let is_whole = |row: &usize| *missing == Missing::Mean || x.index_axis(Axis(0), *row).iter().all(|x| !x.is_nan());
    let whole: Vec<usize> = (0..x.len_of(Axis(0))).filter(is_whole).collect();
    if whole.is_empty() {
        return Err(Failure::Other(format!("{}: every row lacks a value", arguments.files[1])));
    }
    let y = trained.outputs(x.select(Axis(0), &whole))?;
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
    let mut lines = vec![",".repeat(header.len() - 1); x.len_of(Axis(0))];
    for ((row, chosen), at) in y.rows().into_iter().zip(chosen(&y)?).zip(whole) {
        let fields = classes.get(chosen).map(|class| quoted(class)).into_iter();
        lines[at] = fields.chain(row.iter().map(f64::to_string)).collect::<Vec<_>>().join(",");
    }
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}

/// Prints how well a trained network predicts the target of a table.
pub(crate) fn score(arguments: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let arguments = Arguments::parse(arguments, &[], "a trained network and a table")?;
    let trained = Trained::read(arguments.files[0])?;
    let data = trained.description.data(arguments.files[1], &columns::read(arguments.files[1])?)?;
    let y = trained.outputs(data.features()?.clone())?;
    let (measure, score) = match data.targets()? {
        Column::Index(labels) => {
            let right = labels.iter().zip(chosen(&y)?).filter(|(label, chosen)| *label == chosen).count();
            ("accuracy", right as f64 / labels.len() as f64)
        }
        numbers => ("R²", metric::r_squared(&y, numbers)?),
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

/// A program that was trained on a table.
struct Trained<'a> {
    file: &'a str,
    text: String,
    description: Description,
}

impl<'a> Trained<'a> {
    fn read(file: &'a str) -> Result<Self, Failure> {
        let text = values::read(file)?;
        let wrong = |what: String| Failure::Other(format!("{file}: {what}"));
        let marked = text
            .lines()
            .find_map(|line| line.strip_prefix(MARK))
            .ok_or_else(|| wrong("`run train` has not written it: it does not say what its columns are".into()))?;
        let description = serde_json::from_str(marked).map_err(|error| wrong(error.to_string()))?;
        Ok(Trained { file, text, description })
    }

    /// What the program makes of these rows, in which the means stand for missing values.
    fn outputs(&self, x: ArrayD<f64>) -> Result<ArrayD<f64>, Failure> {
        let x = self.description.filled(x);
        let program = Program::parse_with(&self.text, &Registry::standard(), x.len_of(Axis(0)))?;
        let y = program.run(&[Input::Real(x)])?.into_iter().next();
        let no_rows = || Failure::Other(format!("{}: its first output has no row for each row of x", self.file));
        y.filter(|y| y.ndim() == 2).ok_or_else(no_rows)
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
