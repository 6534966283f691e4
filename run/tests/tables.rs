//! Networks that learn from tables, and programs that run on tables of any length.

use autodiff_run::{Failure, run};
use ndarray::{ArrayD, Axis};
use nn::{Activation, Csv, Dataset, Dense, Init, Network, NetworkConfig, Random, Sequential};
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn tool(arguments: &[&str]) -> Result<String, String> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let mut out = Vec::new();
    run(&arguments, &mut std::io::empty(), &mut out).map_err(|failure: Failure| failure.to_string())?;
    Ok(String::from_utf8(out).unwrap())
}

/// Trains in the folder, and answers with the file of the program and with what was printed.
fn trained(folder: &Path, config: &str, table: &str, target: &str) -> (String, String) {
    let (settings, program) = (folder.join("settings.json"), folder.join("network.ad"));
    fs::write(&settings, config).unwrap();
    let program = program.to_str().unwrap().to_owned();
    let settings = settings.to_str().unwrap();
    let printed = tool(&["train", settings, table, "--target", target, "--to", &program, "--test", "0.25"]).unwrap();
    (program, printed)
}

fn number(text: &str, before: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(before)).unwrap_or_else(|| panic!("{before} in\n{text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

const CANCER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/breast_cancer.csv");
const DIABETES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/diabetes.csv");

#[test]
fn two_classes_are_learnt_predicted_and_scored() {
    let folder = folder("two-classes");
    let text = r#"{"nodes": [30, 1], "activators": ["sigmoid"], "method": "lbfgs", "lp_reg": 2, "lambda": 1.0}"#;
    let (program, printed) = trained(&folder, text, CANCER, "diagnosis");
    assert!(number(&printed, "score on 142 rows that were left out") > 0.93, "{printed}");

    // The same in Rust.
    let table = Csv::new().read(CANCER).unwrap();
    let classes = table.classes("diagnosis").unwrap();
    let data: Dataset<f64> = table.labelled("diagnosis", &classes).unwrap();
    let [train, test] = data.stratified([0.75, 0.25], 0).unwrap();
    let config: NetworkConfig = serde_json::from_str(text).unwrap();
    let mut network = Network::new(config).unwrap();
    network.fit(&train).unwrap();
    assert_eq!(number(&printed, "score on 142"), network.score(&test).unwrap());
    let expected = network.predict(data.features().unwrap().clone()).unwrap();
    let predicted = tool(&["predict", &program, CANCER]).unwrap();
    let mut lines = predicted.lines();
    assert_eq!(lines.next(), Some("diagnosis,probability of malignant"));
    for (line, p) in lines.zip(expected.iter()) {
        assert_eq!(line, format!("{},{p}", if *p >= 0.5 { "malignant" } else { "benign" }));
    }
    assert_eq!(predicted.lines().count(), 570);
    let scored = tool(&["score", &program, CANCER]).unwrap();
    assert_eq!(scored, format!("accuracy on 569 rows: {}\n", network.score(&data).unwrap()));

    // A program like any other.
    let description = fs::read_to_string(&program).unwrap();
    assert!(description.starts_with(r#"# table {"features":["mean_radius","#), "{description}");
    let printed = tool(&[&program, "--print", "--n", "3"]).unwrap();
    assert!(printed.split_whitespace().collect::<Vec<_>>().join(" ").contains("x : f64[3, 30]"), "{printed}");
}

#[test]
fn columns_are_found_by_name() {
    let folder = folder("columns");
    let table = folder.join("table.csv");
    let rows: Vec<String> = (0..60).map(|i| format!("{},{},c{}", i % 7, (3 * i) % 11, (i % 7 + 5) / 4)).collect();
    fs::write(&table, format!("a,b,\"class, c\"\n{}\n", rows.join("\n"))).unwrap();
    let text = r#"{"nodes": [2, 6, 3], "activators": ["tanh", "softmax"], "rate": 0.05, "epochs": 80}"#;
    let (program, printed) = trained(&folder, text, table.to_str().unwrap(), "class, c");
    assert!(number(&printed, "score on 45 rows") > 0.9, "{printed}");
    let predicted = tool(&["predict", &program, table.to_str().unwrap()]).unwrap();
    assert!(predicted.starts_with("\"class, c\",probability of c1,probability of c2\n"), "{predicted}");
    // Other columns in between, in another order, and no target.
    let moved = folder.join("moved.csv");
    let rows: Vec<String> = (0..60).map(|i| format!("{},x{i},{}", (3 * i) % 11, i % 7)).collect();
    fs::write(&moved, format!("b,note,a\n{}\n", rows.join("\n"))).unwrap();
    assert_eq!(tool(&["predict", &program, moved.to_str().unwrap()]).unwrap(), predicted);
    let error = tool(&["score", &program, moved.to_str().unwrap()]).unwrap_err();
    assert!(error.contains("class, c"), "{error}");
    fs::write(&moved, "b,note\n1,2\n").unwrap();
    let error = tool(&["predict", &program, moved.to_str().unwrap()]).unwrap_err();
    assert!(error.contains("there is no column `a`"), "{error}");
    fs::write(&moved, "b,a\n1,2\n1,two\n").unwrap();
    let error = tool(&["predict", &program, moved.to_str().unwrap()]).unwrap_err();
    assert!(error.contains("two") && error.contains("line 3"), "{error}");
}

#[test]
fn numbers_are_learnt() {
    let folder = folder("numbers");
    let text = r#"{"nodes": [10, 1], "activators": ["identity"], "method": "lbfgs"}"#;
    let (program, printed) = trained(&folder, text, DIABETES, "progression");
    let scored = tool(&["score", &program, DIABETES]).unwrap();
    assert!(number(&scored, "R² on 442 rows") > 0.45, "{scored}{printed}");
    assert!(tool(&["predict", &program, DIABETES]).unwrap().starts_with("progression\n"));
}

#[test]
fn what_is_wrong_is_told() {
    let folder = folder("wrong");
    let settings = folder.join("settings.json");
    let at = settings.to_str().unwrap();
    let to = folder.join("out.ad");
    let to = to.to_str().unwrap();
    fs::write(&settings, r#"{"nodes": [30, 1], "activators": ["sigmoid"]}"#).unwrap();
    for (arguments, expected) in [
        (vec!["train", at, CANCER, "--to", to], "`train` needs --target"),
        (vec!["train", at, CANCER, "--target", "diagnosis"], "`train` needs --to"),
        (vec!["train", at, "--target", "diagnosis", "--to", to], "two files: the settings and a table"),
        (vec!["train", at, CANCER, "--target", "none", "--to", to], "none"),
        (vec!["train", at, DIABETES, "--target", "progression", "--to", to], "10"),
        (vec!["train", at, CANCER, "--frob"], "`--frob` is not an option here"),
        (vec!["train", at, CANCER, "--to"], "--to takes a value"),
        (vec!["train", at, CANCER, "--to", to, "--to", to], "--to is given twice"),
        (vec!["train", at, CANCER, "--test", "half"], "--test takes a fraction below 1, such as 0.2; not `half`"),
        (vec!["train", at, CANCER, "--test", "20"], "--test takes a fraction below 1, such as 0.2; not `20`"),
        (vec!["train", at, CANCER, "--test", "0"], "--test takes a fraction below 1"),
        (vec!["train", at, CANCER, "--test", "nan"], "--test takes a fraction below 1"),
        (vec!["train", at, CANCER, "--missing", "zero"], "--missing is `refuse`, `drop` or `mean`, not `zero`"),
        (vec!["predict", at, CANCER], "`run train` has not written it"),
        (vec!["score", at], "two files: a trained network and a table"),
    ] {
        let error = tool(&arguments).unwrap_err();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    fs::write(&settings, r#"{"nodes": [30, 1], "activators": ["sigmoid"], "epoch": 3}"#).unwrap();
    let error = tool(&["train", at, CANCER, "--target", "diagnosis", "--to", to]).unwrap_err();
    assert!(error.contains("unknown field `epoch`"), "{error}");
    assert!(!Path::new(to).exists());
}

#[test]
fn an_exported_model_runs_on_a_table_of_any_length() {
    let folder = folder("exported");
    let r = &mut Random::new(3);
    let model = Sequential::<f64>::new().then(Dense::new(2, 3, Init::He, r)).then(Activation::Tanh).then(Dense::new(
        3,
        1,
        Init::He,
        r,
    ));
    let [whole, text, weights, points] =
        ["whole.ad", "model.ad", "model.safetensors", "points.csv"].map(|name| folder.join(name).display().to_string());
    let exported = nn::export(&model, [2]).unwrap();
    exported.save(&whole).unwrap();
    exported.save_with_weights(&text, &weights).unwrap();
    for rows in [1, 2, 3, 10] {
        let x = ArrayD::from_shape_fn(vec![rows, 2], |at| at[0] as f64 - 0.3 * at[1] as f64);
        let lines: Vec<String> = x.axis_iter(Axis(0)).map(|row| format!("{},{}", row[0], row[1])).collect();
        fs::write(&points, format!("# points\n\n{}\n", lines.join("\n"))).unwrap();
        let given = format!("x=@{points}");
        let printed = tool(&[&whole, &given]).unwrap();
        assert_eq!(printed, tool(&[&text, &given, "--weights", &weights]).unwrap());
        let expected = nn::predict(&model, x).unwrap();
        let numbers: Vec<String> = expected.iter().map(|y| format!("[{y:?}]")).collect();
        let found: String = printed.chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(found, format!("y:f64[{rows},1]=[{}]", numbers.join(",")));
    }
    assert!(tool(&[&whole, "x=[[1, 2], [3, 4]]"]).unwrap().starts_with("y : f64[2, 1] = "));
    // Sums of gradients, checks and steps are those of any program.
    let sum = fs::read_to_string(&whole).unwrap().replace("return %", "s = sum(%").trim_end().to_owned();
    fs::write(&text, format!("{sum}; axes=[0, 1], keep=false)\nreturn s\n")).unwrap();
    assert!(tool(&[&text, "x=[[1, 2], [3, 4]]", "--gradient", "x"]).unwrap().contains("∂s/∂x : f64[2, 2]"));

    for (arguments, expected) in [
        (vec![&*whole], "the length `n` of some axes open"),
        (vec![&*whole, "x=1"], "the length `n` of some axes open"),
        (vec![&*whole, "--n", "two"], "--n is a number of rows, not `two`"),
        (vec![&*whole, "x=[[1, 2, 3]]"], "x: its type is f64[1, 2], the value is of shape [1, 3]"),
        (vec![&*whole, "x=[[1, 2]]", "--n", "3"], "x: its type is f64[3, 2]"),
    ] {
        let error = tool(&arguments).unwrap_err();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
    assert!(tool(&[&whole, "x=1", "--n", "2"]).unwrap().starts_with("y : f64[2, 1]"));
    let fixed = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/programs/logistic.ad");
    let error = tool(&[fixed, "w=1", "b=1", "--n", "2"]).unwrap_err();
    assert!(error.contains("this one has none"), "{error}");
}
