//! Traces as bytes: there and back, and anything else is refused with its offset.

use super::{descent, varied};
use autodiff::inspect::Trace;
use autodiff::{ErrorKind, Input, Tape};
use proptest::prelude::*;

fn traces() -> Vec<Trace<f64>> {
    let tape = Tape::<f64>::new();
    let forward = Trace::forward(&tape.program(&[tape.input(1.0)]).unwrap(), &[Input::real(1.0)]).unwrap();
    vec![varied(&tape).trace().unwrap(), descent(), forward]
}

#[test]
fn what_was_written_is_read() {
    for trace in traces() {
        let bytes = trace.to_bytes();
        let again = Trace::<f64>::from_bytes(&bytes).unwrap();
        for time in 0..=trace.len() {
            assert_eq!(again.at(time).to_string(), trace.at(time).to_string());
            for node in trace.nodes() {
                assert_eq!(again.at(time).shares(node.id()), trace.at(time).shares(node.id()));
            }
        }
        for (node, twin) in trace.nodes().zip(again.nodes()) {
            assert_eq!(node.expression(), twin.expression());
            assert_eq!(node.documentation().ok(), twin.documentation().ok());
            assert_eq!((node.role(), node.label(), node.location()), (twin.role(), twin.label(), twin.location()));
        }
        assert_eq!((again.runs(), again.lints()), (trace.runs(), trace.lints()));
        assert_eq!(again.to_bytes(), bytes);
        assert_eq!(trace.first_difference(&again, 0.0), None);
    }
}

#[test]
fn both_precisions_are_kept_apart() {
    let tape = Tape::<f32>::new();
    let trace = tape.input([0.1f32, 0.2]).tanh().sum(..).trace().unwrap();
    let bytes = trace.to_bytes();
    assert_eq!(Trace::<f32>::from_bytes(&bytes).unwrap().at(9).to_string(), trace.at(9).to_string());
    let error = Trace::<f64>::from_bytes(&bytes).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::File, "byte 23: the trace is of f32, not of f64"));
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let mut bytes = descent().to_bytes();
    bytes[15] = 2;
    let error = Trace::<f64>::from_bytes(&bytes).unwrap_err();
    assert_eq!(error.message(), "byte 15: the trace is of version 2; this reads versions up to 1");
    assert_eq!(error.help(), Some("read it with a newer release"));
}

#[test]
fn every_truncation_is_refused() {
    for trace in traces() {
        let bytes = trace.to_bytes();
        for length in 0..bytes.len() {
            let error = Trace::<f64>::from_bytes(&bytes[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::File);
            assert!(error.message().starts_with("byte "), "{length}: {error}");
        }
    }
}

/// As in the file: the sum of what is before it.
fn with_sum(mut bytes: Vec<u8>) -> Vec<u8> {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325, step);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// Each reason, where it is met: what somebody reads who was given a broken file.
#[test]
fn the_reason_says_what_is_wrong() {
    let good = descent().to_bytes();
    let message = |bytes: &[u8]| Trace::<f64>::from_bytes(bytes).unwrap_err().message().to_owned();
    assert_eq!(message(b""), "byte 0: this is no trace: it should begin with `autodiff trace`");
    assert_eq!(message(b"autodiff text"), "byte 10: this is no trace: it should begin with `autodiff trace`");
    assert_eq!(message(&good[..18]), "byte 15: the trace ends here");
    let last = good.len() - 8;
    let mut changed = good.clone();
    changed[last - 1] ^= 1;
    let sum = format!(
        "byte {last}: the check sum at the end is not that of the bytes before it: the file was changed, or its end is missing"
    );
    assert_eq!(message(&changed), sum);
    // With a right sum, what is wrong inside is named: a length that cannot be, and bytes behind the end.
    let content = &good[..last];
    let mut long = content[..19].to_vec();
    long.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(message(&with_sum(long)), "byte 24: 4294967295 items cannot follow in 0 bytes");
    let mut more = content.to_vec();
    more.push(0);
    assert_eq!(message(&with_sum(more)), format!("byte {last}: 1 bytes are left over"));
    let mut endless = content[..19].to_vec();
    endless.extend([0xff; 12]);
    assert!(message(&with_sum(endless)).ends_with("a number is too long"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(crate::cases(2000)) })]

    #[test]
    fn changed_bytes_are_refused(which in 0usize..3, flips in prop::collection::vec((any::<usize>(), 1u8..=255), 1..4)) {
        let good = traces().swap_remove(which).to_bytes();
        let mut bytes = good.clone();
        for (at, flip) in flips {
            let at = at % bytes.len();
            bytes[at] ^= flip;
        }
        if bytes != good {
            prop_assert_eq!(Trace::<f64>::from_bytes(&bytes).unwrap_err().kind(), ErrorKind::File);
        }
    }

    /// Somebody who writes a right sum gets an error or a trace that can be looked at.
    #[test]
    fn hostile_bytes_are_no_danger(
        which in 0usize..3,
        flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<usize>()),
    ) {
        let mut bytes = traces().swap_remove(which).to_bytes();
        bytes.truncate(bytes.len() - 8);
        if let Some(cut) = cut {
            bytes.truncate(cut % bytes.len());
        }
        let begin = 19.min(bytes.len());
        for (at, to) in flips {
            let length = bytes.len() - begin;
            if length > 0 {
                bytes[begin + at % length] = to;
            }
        }
        match Trace::<f64>::from_bytes(&with_sum(bytes)) {
            Err(error) => prop_assert!(error.message().starts_with("byte "), "{error}"),
            Ok(trace) => {
                let small = trace.nodes().all(|node| node.shape().size() < 1000);
                if small {
                    let _ = (trace.at(trace.len()).to_string(), trace.lints(), trace.to_bytes());
                }
            }
        }
    }
}
