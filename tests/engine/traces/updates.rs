//! Updates of parameters, and several steps of a training on one axis of time.

use super::descent;
use autodiff::inspect::{Event, Phase};
use autodiff::{ErrorKind, Tape};
use ndarray::arr0;

#[test]
fn an_update_is_an_event_and_changes_no_recorded_value() {
    let trace = descent();
    let [first, second] = [trace.nodes().next().unwrap().id(), trace.nodes().nth(2).unwrap().id()];
    let end = trace.at(trace.len());
    assert_eq!(end.value(first).unwrap()[[]], 8.0);
    assert_eq!((end.updated(first).unwrap()[[]], end.updated(second).unwrap()[[]]), (4.0, 2.0));
    assert_eq!(end.phase(), Phase::Update);
    // Blank before the update, as everything is.
    let time = trace.events().iter().position(|event| *event == Event::Update(first)).unwrap();
    assert!(trace.at(time).updated(first).is_none() && trace.at(time + 1).updated(first).is_some());
    assert!(trace.at(time + 1).value(second).is_none());
    assert_eq!(trace.at(time + 1).sentence(), "%0 (w) was 8; its next value is 4");
}

#[test]
fn steps_follow_one_another() {
    let trace = descent();
    let runs = trace.runs();
    assert_eq!(
        runs.iter().map(|run| (run.nodes.clone(), run.events.clone())).collect::<Vec<_>>(),
        [(0..2, 0..7), (2..4, 7..14)]
    );
    let second = trace.at(trace.len());
    let ids: Vec<_> = trace.nodes().map(|node| node.id()).collect();
    assert_eq!(trace.node(ids[3]).unwrap().call(), "mul(%2, %2)");
    assert_eq!(second.cotangent(ids[2]).unwrap()[[]], 8.0);
    assert_eq!(second.shares(ids[2]).iter().map(|(_, share)| *share).collect::<Vec<_>>(), [0.5, 0.5]);
    assert_eq!(trace.node(ids[2]).unwrap().name(), Some("w"));
    // What is behind is behind: three steps are the same however they are put together.
    let left = descent().then(descent()).then(descent());
    let right = descent().then(descent().then(descent()));
    assert_eq!(left.to_bytes(), right.to_bytes());
}

#[test]
fn only_parameters_are_updated_and_once() {
    let tape = Tape::<f64>::new();
    let (w, x) = (tape.input([1.0, 2.0]), tape.data([3.0, 4.0]));
    let y = w.dot(x);
    let trace = y.trace().unwrap();
    let refused = |id, array: ndarray::ArrayD<f64>| trace.clone().with_update([(id, array)]).unwrap_err();
    assert_eq!(refused(w.id(), arr0(1.0).into_dyn()).message(), "%0 has shape [2], its next value []");
    assert_eq!(refused(x.id(), w.value().unwrap()).message(), "%1 is no parameter: data");
    let again = trace.clone().with_update([(w.id(), w.value().unwrap())]).unwrap();
    let error = again.with_update([(w.id(), w.value().unwrap())]).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Mismatch, "%0 was updated already"));
}
