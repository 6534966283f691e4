//! Traces from elsewhere: of a training run, and from files that nobody vouches for.

use crate::golden::trace;
use autodiff::inspect::{Role, Trace};
use nn::{Activation, Dataset, Dense, Init, Random, Sequential, Sgd, Step, Trainer, loss};
use stepper::{Terminal, demo};

fn network() -> Sequential<f64> {
    let mut random = Random::new(1);
    Sequential::new().then(Dense::new(2, 3, Init::Xavier, &mut random)).then(Activation::Tanh).then(Dense::new(
        3,
        1,
        Init::Xavier,
        &mut random,
    ))
}

fn numbers(model: &Sequential<f64>) -> Vec<f64> {
    nn::parameters(model)
        .iter()
        .flat_map(|(_, parameter)| parameter.array().iter().copied().collect::<Vec<_>>())
        .collect()
}

fn data() -> Dataset<f64> {
    Dataset::valued([[0.1, 0.9], [0.8, 0.2], [0.5, 0.5], [0.3, 0.1]], [[1.0], [0.0], [0.5], [0.2]]).unwrap()
}

/// The trace of step 3 has the parameters that the steps before it led to, and its update leads to those after it.
#[test]
fn a_step_of_a_training_is_recorded() {
    let data = data();
    let mut third: Option<Trace<f64>> = None;
    let mut model = network();
    let trainer = Trainer::new(Sgd::new(0.1)).epochs(5).batch_size(2);
    let keep = |trace: &Trace<f64>| {
        third = Some(trace.clone());
        Ok(())
    };
    trainer.trace(3, keep).fit(&mut model, loss::mean_squared, &data).unwrap();
    let trace = third.unwrap();
    let end = trace.at(trace.len());
    let parameters: Vec<_> = trace.nodes().filter(|node| node.role() == Role::Input).collect();
    assert_eq!(parameters.len(), 4);
    for node in &parameters {
        let (before, slope, after) = (end.value(node.id()), end.cotangent(node.id()), end.updated(node.id()));
        let expected = &before.unwrap() - &(&slope.unwrap() * 0.1);
        assert!(after.unwrap().iter().zip(&expected).all(|(a, b)| (a - b).abs() <= 1e-15), "{:?}", node.name());
    }
    let names: Vec<&str> = parameters.iter().filter_map(|node| node.name()).collect();
    assert_eq!(names, ["0.weight", "0.bias", "2.weight", "2.bias"]);
    let screen = Terminal::new().colours(false).at(trace.len()).frame(&trace, (120, 40)).unwrap();
    assert!(screen.contains("The update moves the parameter 2.bias against its cotangent"), "{screen}");

    // The same training without a trace has the same bits.
    let mut other = network();
    Trainer::new(Sgd::new(0.1)).epochs(5).batch_size(2).fit(&mut other, loss::mean_squared, &data).unwrap();
    assert_eq!(numbers(&model), numbers(&other));
}

/// A trace changes nothing, and the step that follows gives the numbers that it shows.
#[test]
fn a_trace_of_a_step_is_the_step() {
    let (mut model, data) = (network(), data());
    let mut step = Step::new(Sgd::new(0.1), loss::mean_squared);
    for key in 0..3 {
        let before = numbers(&model);
        let trace = step.trace(&model, &data, key).unwrap();
        assert_eq!(numbers(&model), before);
        let end = trace.at(trace.len());
        let loss = trace.nodes().find(|node| node.name() == Some("loss")).unwrap().id();
        let made = step.run(&mut model, &data, key).unwrap().loss;
        assert_eq!(end.value(loss).unwrap()[[]].to_bits(), made.to_bits());
        let parameters = nn::parameters(&model);
        let nodes = trace.nodes().filter(|node| node.role() == Role::Input);
        for (node, (path, parameter)) in nodes.zip(&parameters) {
            assert_eq!(node.name(), Some(path.as_str()));
            assert_eq!(end.updated(node.id()).unwrap(), parameter.array().view());
        }
    }
}

/// A file that is changed, with a check sum that says it is not: an error, or a trace that everything can be done with.
#[test]
fn hostile_files_are_refused_or_shown() {
    let sum = |bytes: &[u8]| {
        let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
    };
    let mut state = 11u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % below.max(1)
    };
    let mut shown = 0;
    for demo in ["two-ways", "square", "nan-reverse", "gru"] {
        let good = trace(demo).to_bytes();
        for _ in 0..300 {
            let mut bytes = good[..good.len() - 8].to_vec();
            for _ in 0..1 + random(3) {
                let at = 19 + random(bytes.len() - 19);
                bytes[at] = random(256) as u8;
            }
            let sum = sum(&bytes);
            bytes.extend(sum.to_le_bytes());
            match Trace::<f64>::from_bytes(&bytes) {
                Err(error) => assert!(error.message().starts_with("byte "), "{error}"),
                Ok(trace) if trace.nodes().all(|node| node.shape().size() < 1000) => {
                    shown += 1;
                    stepper::listing(&trace).unwrap();
                    stepper::html(&trace, "a file").unwrap();
                    for at in [0, trace.len() / 2, trace.len()] {
                        Terminal::new().at(at).frame(&trace, (200, 60)).unwrap();
                    }
                    let _ = Terminal::new().script(&trace, "n; rn; lints; goto end; p; ways; check");
                }
                Ok(_) => {}
            }
        }
    }
    assert!(shown > 100, "{shown} of 1200 were shown");
    // A file of a demonstration is opened, as the command does.
    assert!(demo::ALL.iter().all(|demo| Trace::<f64>::from_bytes(&demo.trace().unwrap().to_bytes()).is_ok()));
}

/// The command names the first operation of two runs that differs, and says so where none does.
#[test]
fn the_command_compares_two_runs() {
    let folder = std::env::temp_dir().join(format!("stepper-compare-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let saved = folder.join("run.trace");
    let saved = saved.to_str().unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/programs/logistic.ad");
    let said = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_stepper")).args(arguments).output().unwrap();
        let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), texts.concat())
    };
    assert_eq!(said(&[program, "w=0.5", "b=0.1", "--save", saved]), (true, String::new()));
    let (done, same) = said(&[program, "w=0.5", "b=0.1", "--compare", saved]);
    assert_eq!((done, same.as_str()), (true, "no number differs by more than 0 of the larger\n"));
    let (done, other) = said(&[program, "w=0.5", "b=0.2", "--compare", saved]);
    assert!(done && other.contains("the value is 0.2") && other.contains("and 0.1 there"), "{other}");
    let (done, near) = said(&[program, "w=0.5", "b=0.1000001", "--compare", saved, "--tolerance", "0.01"]);
    assert!(done && near.starts_with("no number differs by more than 0.01"), "{near}");
    for wrong in ["-1", "NaN", "much"] {
        let (done, text) = said(&[program, "w=0.5", "b=0.1", "--compare", saved, "--tolerance", wrong]);
        assert!(!done && text.contains("is no tolerance"), "{text}");
    }
    let (done, text) = said(&[program, "w=0.5", "b=0.1", "--compare", program]);
    assert!(!done && text.contains("logistic.ad: "), "{text}");
    std::fs::remove_dir_all(&folder).unwrap();
}
