//! Tables with columns of words and with missing values: `run train`, `predict` and `score`.

use autodiff_run::{Failure, run};
use nn::{Csv, Dataset, Missing, Network, NetworkConfig};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of its own for a test, and the files that its commands read and write.
struct Case {
    folder: PathBuf,
}

impl Case {
    fn new(name: &str, settings: &str, table: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mixed-{name}"));
        _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let case = Case { folder };
        case.write("settings.json", settings);
        case.write("table.csv", table);
        case
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn train(&self, target: &str, options: &[&str]) -> Result<String, String> {
        let (settings, table, to) = (self.path("settings.json"), self.path("table.csv"), self.path("network.ad"));
        tool(&[&["train", &settings, &table, "--target", target, "--to", &to], options].concat())
    }

    /// `predict` or `score` of a table with this text.
    fn ask(&self, command: &str, text: &str) -> Result<String, String> {
        self.write("asked.csv", text);
        tool(&[command, &self.path("network.ad"), &self.path("asked.csv")])
    }
}

fn tool(arguments: &[&str]) -> Result<String, String> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let mut out = Vec::new();
    run(&arguments, &mut std::io::empty(), &mut out).map_err(|failure: Failure| failure.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

/// The message says this, and speaks of no code.
#[track_caller]
fn assert_told(result: Result<String, String>, parts: &[&str]) {
    let error = result.expect_err("an error");
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in\n{error}");
    }
    for code in [".rs", "Missing::", "one_hot", "table.", "without(", "::"] {
        assert!(!error.replace("table.csv", "").contains(code), "`{code}` is in\n{error}");
    }
}

/// Rows in which the kind follows from size and colour.
fn rows(n: usize) -> Vec<[String; 4]> {
    let colours = ["red", "blue", "dark, grey"];
    (0..n)
        .map(|i| {
            let (size, colour) = (i % 5, i % 3);
            let kind = if size + 2 * colour > 4 { "large" } else { "small" };
            [size.to_string(), format!("\"{}\"", colours[colour]), format!("note {i}"), kind.to_owned()]
        })
        .collect()
}

fn csv(header: &str, rows: &[[String; 4]]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
    format!("{header}\n{}\n", lines.join("\n"))
}

const HEADER: &str = "size,colour,note,kind";
const LBFGS: &str = r#"{"nodes": [4, 1], "activators": ["sigmoid"], "method": "lbfgs", "lp_reg": 2, "lambda": 0.01}"#;

#[test]
fn a_column_of_words_becomes_columns_of_0_and_1() {
    let case = Case::new("words", LBFGS, &csv(HEADER, &rows(60)));
    let printed = case.train("kind", &["--without", "note"]).unwrap();
    assert!(printed.contains("`colour` is one-hot: `blue`, `dark, grey`, `red`"), "{printed}");
    // The same in Rust.
    let table = Csv::new().parse(&csv(HEADER, &rows(60))).unwrap().without(["note"]).unwrap();
    let table = table.one_hot("colour", &table.classes("colour").unwrap()).unwrap();
    let data: Dataset<f64> = table.labelled("kind", &["large".into(), "small".into()]).unwrap();
    let mut network = Network::new(serde_json::from_str::<NetworkConfig>(LBFGS).unwrap()).unwrap();
    network.fit(&data).unwrap();
    let expected = network.predict(data.features().unwrap().clone()).unwrap();
    let predicted = case.ask("predict", &csv(HEADER, &rows(60))).unwrap();
    let found: Vec<&str> = predicted.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(found, expected.iter().map(f64::to_string).collect::<Vec<_>>());
    assert_eq!(case.ask("score", &csv(HEADER, &rows(60))).unwrap(), "accuracy on 60 rows: 1\n");

    // A table of one colour, in another order of the columns, without those that were left out.
    let one = case.ask("predict", "colour,size\nred,0\n").unwrap();
    assert_eq!(one.lines().nth(1), predicted.lines().nth(1));
    let unknown = case.ask("predict", "colour,size\nred,0\nviolet,1\n");
    assert_told(unknown, &["asked.csv: line 3, column `colour`: `violet`", "`blue`, `dark, grey`, `red`"]);
    assert_told(
        case.ask("predict", "size\n1\n"),
        &["asked.csv: there is no column `colour`", "the columns are `size`"],
    );
    assert_told(
        case.ask("predict", "size,colour\nbig,red\n"),
        &["asked.csv: line 2, column `size`: `big` is not a number"],
    );
}

#[test]
fn words_among_numbers_are_a_mistake() {
    let case = Case::new("among", LBFGS, "size,colour,kind\n1,red,a\n2.0.1,blue,b\n3,red,a\n");
    let parts = ["table.csv: line 3, column `size`: `2.0.1` is not a number", "--without size"];
    assert_told(case.train("kind", &[]), &parts);
    // A number among words is one of the words.
    case.write("table.csv", "size,colour,kind\n1,red,a\n2,7,b\n3,red,a\n");
    assert_told(case.train("kind", &[]), &["table.csv: line 2, column `colour`: `red` is not a number"]);
}

#[test]
fn the_number_of_features_is_told() {
    let settings = LBFGS.replace("[4, 1]", "[2, 1]");
    let case = Case::new("features", &settings, &csv(HEADER, &rows(9)));
    let parts = ["the first of `nodes` is 2, the features are 4", "`size`, `colour=blue`", "settings.json"];
    assert_told(case.train("kind", &["--without", "note"]), &parts);
    assert_told(
        case.train("kind", &["--without", "nothing"]),
        &["there is no column `nothing`", "the columns are `size`"],
    );
    assert_told(case.train("kind", &["--without", "kind"]), &["`kind` is the target"]);
    assert_told(case.train("none", &[]), &["table.csv: there is no column `none`", "the columns are `size`"]);
    case.write("table.csv", "size;colour;kind\n1;red;a\n");
    assert_told(case.train("kind", &[]), &["there is no column `kind`", "separated by `;`"]);
    case.write("table.csv", "1,2\n3,4\n");
    assert_told(case.train("kind", &[]), &["table.csv: the header consists of numbers"]);
}

/// Every fifth size and every seventh colour is missing, in this many rows.
fn with_gaps(n: usize) -> Vec<[String; 4]> {
    let mut rows = rows(n);
    for (i, row) in rows.iter_mut().enumerate() {
        if i % 5 == 4 {
            row[0] = "NA".into();
        }
        if i % 7 == 6 {
            row[1] = String::new();
        }
    }
    rows
}

#[test]
fn missing_values_are_refused_unless_said_otherwise() {
    let case = Case::new("refused", LBFGS, &csv(HEADER, &with_gaps(60)));
    for options in [&["--without", "note"][..], &["--without", "note", "--missing", "refuse"]] {
        let parts = ["table.csv: line 6, column `size`: the value is missing", "--missing drop", "--missing mean"];
        assert_told(case.train("kind", options), &parts);
    }
    // Trained on a full table, it takes full tables.
    case.write("table.csv", &csv(HEADER, &rows(60)));
    case.train("kind", &["--without", "note"]).unwrap();
    let refused = case.ask("predict", "size,colour\n1,red\n,red\n");
    assert_told(refused, &["asked.csv: line 3, column `size`: the value is missing", "--missing"]);
}

#[test]
fn rows_with_missing_values_are_left_out() {
    let case = Case::new("dropped", LBFGS, &csv(HEADER, &with_gaps(60)));
    let printed = case.train("kind", &["--without", "note", "--missing", "drop"]).unwrap();
    let full: Vec<[String; 4]> =
        (0..60).zip(rows(60)).filter(|(i, _)| i % 5 != 4 && i % 7 != 6).map(|(_, r)| r).collect();
    let left_out = 60 - full.len();
    assert!(printed.contains(&format!("{left_out} of 60 rows lack a value and are left out")), "{printed}");
    let with_gaps = case.ask("predict", &csv(HEADER, &with_gaps(60))).unwrap();
    // The same network as that of the table without these rows.
    let whole = Case::new("dropped-whole", LBFGS, &csv(HEADER, &full));
    whole.train("kind", &["--without", "note"]).unwrap();
    let predicted = whole.ask("predict", &csv(HEADER, &rows(60))).unwrap();
    // A row that lacks a value keeps its place, without a prediction.
    assert_eq!(with_gaps.lines().count(), 61);
    for (i, (found, expected)) in with_gaps.lines().zip(predicted.lines()).enumerate() {
        let lacks = i > 0 && ((i - 1) % 5 == 4 || (i - 1) % 7 == 6);
        assert_eq!(found, if lacks { "," } else { expected }, "line {}", i + 1);
    }
    let scored = case.ask("score", &csv(HEADER, &self::with_gaps(60))).unwrap();
    assert!(scored.starts_with(&format!("accuracy on {} rows: ", full.len())), "{scored}");
}

#[test]
fn missing_values_are_means_of_the_rows_that_are_trained_on() {
    let settings = LBFGS.replace("[4, 1]", "[2, 1]").replace("sigmoid", "identity");
    let table: Vec<String> = (0..40).map(|i| format!("{},{},{}", i % 4, (3 * i) % 7, i % 4 + (3 * i) % 7)).collect();
    let mut gaps = table.clone();
    for (i, line) in gaps.iter_mut().enumerate().filter(|(i, _)| i % 8 == 3) {
        *line = format!("?,{},{}", (3 * i) % 7, i % 4 + (3 * i) % 7);
    }
    let case = Case::new("means", &settings, &format!("a,b,y\n{}\n", gaps.join("\n")));
    case.train("y", &["--missing", "mean", "--test", "0.25"]).unwrap();
    // The same in Rust, with the mean of `a` in the training part.
    let kept = Csv::new().parse(&format!("a,b,y\n{}\n", gaps.join("\n"))).unwrap().missing(Missing::Keep);
    let data: Dataset<f64> = kept.valued("y").unwrap();
    let [train, _] = data.partition([0.75, 0.25], 0).unwrap();
    let a = train.features().unwrap().index_axis(ndarray::Axis(1), 0).iter().copied().collect::<Vec<_>>();
    let known: Vec<f64> = a.into_iter().filter(|a| !a.is_nan()).collect();
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let filled = |data: &Dataset<f64>| data.features().unwrap().mapv(|x| if x.is_nan() { mean } else { x });
    let nn::Column::Real(targets) = train.targets().unwrap() else { panic!("numbers") };
    let mut network = Network::new(serde_json::from_str::<NetworkConfig>(&settings).unwrap()).unwrap();
    network.fit(&Dataset::valued(filled(&train), targets.clone()).unwrap()).unwrap();
    let expected = network.predict(filled(&data)).unwrap();
    let predicted = case.ask("predict", &format!("a,b\n{}\n", cut(&gaps).join("\n"))).unwrap();
    let found: Vec<f64> = predicted.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert_eq!(found, expected.iter().copied().collect::<Vec<_>>());
    // The mean in its place is the same as no value.
    let one = case.ask("predict", &format!("a,b\n{mean},2\n")).unwrap();
    assert_eq!(case.ask("predict", "a,b\nNA,2\n").unwrap(), one);
    // A target is never filled.
    case.write("table.csv", "a,b,y\n1,2,3\n1,2,\n");
    let parts = ["line 3, column `y`: the value is missing", "--missing drop"];
    assert_told(case.train("y", &["--missing", "mean"]), &parts);
    // No mean of nothing.
    case.write("table.csv", "a,b,y\n,2,3\n,3,4\n");
    assert_told(case.train("y", &["--missing", "mean"]), &["`a` has no value", "--without a"]);
}

fn cut(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| line.rsplit_once(',').unwrap().0.to_owned()).collect()
}

#[test]
fn a_category_that_is_missing_has_the_shares_of_the_categories() {
    let case = Case::new("shares", LBFGS, &csv(HEADER, &with_gaps(60)));
    case.train("kind", &["--without", "note", "--missing", "mean"]).unwrap();
    let predicted = case.ask("predict", "size,colour\n2,\n2,red\n").unwrap();
    let number = |line: usize| predicted.lines().nth(line).unwrap().split(',').nth(1).unwrap().parse::<f64>().unwrap();
    assert!((0.0..=1.0).contains(&number(1)) && number(1) != number(2), "{predicted}");
}

#[test]
fn a_target_of_words_is_no_number() {
    let settings = LBFGS.replace("sigmoid", "identity");
    let case = Case::new("target", &settings, &csv(HEADER, &rows(9)));
    let parts = ["line 2, column `kind`: `small` is not a number", "softmax", "sigmoid"];
    assert_told(case.train("kind", &["--without", "note"]), &parts);
}

#[test]
fn a_file_with_a_header_is_no_array() {
    let case = Case::new("names", LBFGS, &csv(HEADER, &rows(60)));
    case.train("kind", &["--without", "note"]).unwrap();
    case.write("numbers.csv", "size,blue,grey,red\n1,0,0,1\n");
    let (program, numbers) = (case.path("network.ad"), case.path("numbers.csv"));
    let parts = ["line 1: ", "without a header", "run predict"];
    let error = tool(&[&program, &format!("x=@{numbers}")]).unwrap_err();
    parts.iter().for_each(|part| assert!(error.contains(part), "{error}"));
    case.write("numbers.csv", "1,0,0,1\n1,0,zero,1\n");
    let error = tool(&[&program, &format!("x=@{numbers}")]).unwrap_err();
    assert!(error.contains("line 2: ") && !error.contains("header"), "{error}");
}
