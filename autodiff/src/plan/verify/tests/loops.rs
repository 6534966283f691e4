//! Spoilt loops: elementwise ones, block by block, and those over a program.

// Places of lists that stand in the tests.
#![allow(clippy::indexing_slicing)]

use super::*;
use crate::plan::code::{LoopStep, Stream};
use crate::plan::memory::Update;

const LONG: [(Kind, usize); 3] = [(Kind::Real, 10), (Kind::Real, 10), (Kind::Real, 1)];

/// The code around a loop: blocks of 4 elements, and three rows.
fn around() -> Result<Code<f64>> {
    let tape = Tape::<f64>::new();
    let mut code = tape.program(&[tape.input(1.0)])?.plan()?.code;
    (code.block, code.rows) = (4, 3);
    Ok(code)
}

/// Over 10 elements: rows 0 to 2 of its own, then two inputs, a number, an array that is written and one that is read.
fn base() -> Loop {
    let stream = |home, moves| Stream { home, moves };
    let step = |output, inputs, numbers| LoopStep { function: 0, operands: 2, numbers, output, inputs };
    let layout = Layout { shape: [10].into(), strides: [0].into_iter().collect(), offset: 2 };
    Loop {
        size: 10,
        rows: 3,
        streams: vec![
            stream(Home::Feed(0), true),
            stream(Home::Feed(1), true),
            stream(Home::Feed(2), false),
            stream(Home::Arena(0), true),
            stream(Home::Arena(10), true),
        ],
        gathers: vec![(0, source(Home::Feed(1), 10, Some(layout), [10]), [10].into())],
        steps: vec![step(1, [3, 5, 99], 2), step(2, [1, 0, 99], 0), step(6, [2, 7, 99], 0)],
        writes: vec![(1, 3)],
        totals: vec![(2, 20, 23), (7, 24, 27)],
        nodes: Vec::new(),
    }
}

fn verdict(at: &Loop, code: &Code<f64>, committed: bool) -> Verified {
    let bounds = Bounds { arrays: 40, indices: 0, keys: 0, inputs: &LONG, updated: &[true] };
    bounds.whole_loop(at, code, committed)
}

/// What is said of the loop after each change.
fn changed(changes: &[(Verified, fn(&mut Loop))]) -> Result<()> {
    let code = around()?;
    for (i, (expected, change)) in changes.iter().enumerate() {
        let mut at = base();
        change(&mut at);
        assert_eq!(verdict(&at, &code, true), *expected, "change {i}: {at:?}");
    }
    Ok(())
}

const OVER: Verified = Err("written over what is read");
const OUTSIDE: Verified = Err("outside its memory");

fn what_a_loop_reads_is_there() -> Result<()> {
    const UNFILLED: Verified = Err("a row that is not there, or not filled");
    changed(&[
        (Ok(()), |_| {}),
        (OUTSIDE, |at| at.size = 11),
        (Ok(()), |at| at.streams[4].home = Home::Arena(30)),
        (OUTSIDE, |at| at.streams[4].home = Home::Arena(31)),
        (Ok(()), |at| at.streams[2].home = Home::Arena(39)),
        (OUTSIDE, |at| at.streams[2].home = Home::Arena(40)),
        (OUTSIDE, |at| at.streams[0].home = Home::Feed(2)),
        (OUTSIDE, |at| at.streams[0].home = Home::Row),
        (Err("gathered into no row of the loop"), |at| at.gathers[0].0 = 3),
        (Ok(()), |at| at.gathers[0].0 = 0),
        (UNFILLED, |at| at.gathers[0].0 = 1),
        (OUTSIDE, |at| at.gathers[0].1.home = Home::Arena(31)),
        // Each operand is a row that is filled, or a stream; a number or not, as the step says.
        (UNFILLED, |at| at.steps[0].inputs[0] = 2),
        (UNFILLED, |at| at.steps[0].inputs[0] = 1),
        (UNFILLED, |at| at.steps[0].inputs[0] = 8),
        (Ok(()), |at| at.steps[0].inputs[0] = 7),
        (UNFILLED, |at| at.steps[0].inputs[1] = 2),
        (UNFILLED, |at| at.steps[0].numbers = 0),
        (UNFILLED, |at| at.steps[0].numbers = 3),
        (Ok(()), |at| at.steps[0].numbers = 6),
        (UNFILLED, |at| at.steps[1].numbers = 1),
        (Ok(()), |at| (at.steps[0].operands, at.steps[0].inputs[1], at.steps[0].numbers) = (1, 99, 0)),
        (UNFILLED, |at| at.steps[0].operands = 3),
        (Ok(()), |at| at.steps[0].inputs[0] = 0),
    ])
}

fn what_a_loop_writes_is_its_own() -> Result<()> {
    const INPUT: Verified = Err("a step over an input, or over a number");
    changed(&[
        (Err("a step over its operand"), |at| at.steps[1].output = 1),
        (Err("a step over its operand"), |at| at.steps[1].output = 0),
        (Ok(()), |at| (at.steps[0].operands, at.steps[1].inputs[2]) = (2, 2)),
        (INPUT, |at| at.steps[2].output = 4),
        (INPUT, |at| at.steps[2].output = 5),
        (INPUT, |at| (at.steps[2].output, at.streams[2].home) = (5, Home::Arena(39))),
        (Err("a step to no row"), |at| at.steps[2].output = 8),
        // A stream is read and then written; what was written is read.
        (Err("a row that is read and then written"), |at| {
            (at.steps[0].inputs[0], at.steps[2].inputs[1], at.steps[2].output) = (7, 0, 7);
        }),
        (Ok(()), |at| (at.steps[2].inputs[1], at.steps[2].output) = (0, 7)),
        (Ok(()), |at| at.steps.push(LoopStep { output: 2, inputs: [6, 1, 0], ..at.steps[1] })),
        // Over other streams, and over what is gathered.
        (OVER, |at| at.streams[3].home = Home::Arena(10)),
        (OVER, |at| at.streams[3].home = Home::Arena(1)),
        (Ok(()), |at| at.streams[3].home = Home::Arena(28)),
        (OVER, |at| at.streams[3].home = Home::Arena(27)),
        (OVER, |at| at.gathers[0].1 = source(Home::Arena(9), 1, None, [1])),
        (Ok(()), |at| at.gathers[0].1 = source(Home::Arena(10), 1, None, [1])),
        (OVER, |at| at.streams[2].home = Home::Arena(9)),
    ])
}

fn what_a_loop_writes_over_an_operand() -> Result<()> {
    changed(&[
        (Err("written to no stream"), |at| at.writes[0].1 = 2),
        (Err("written to no stream"), |at| at.writes[0].1 = 8),
        (Err("an array over a number"), |at| at.writes[0].1 = 5),
        (Err("an input that changes"), |at| at.writes[0].1 = 4),
        (Ok(()), |at| at.writes[0].1 = 7),
        (Ok(()), |at| at.writes[0].0 = 0),
        (Err("written from a row that is not filled"), |at| at.writes[0].0 = 3),
        (Err("written from a row that is not filled"), |at| {
            at.steps.truncate(1);
            at.totals.clear();
            at.writes[0].0 = 2;
        }),
        (OVER, |at| at.streams[1].home = Home::Feed(0)),
        (OVER, |at| at.gathers[0].1.home = Home::Feed(0)),
        (OVER, |at| (at.writes[0].1, at.gathers[0].1) = (7, source(Home::Arena(19), 1, None, [1]))),
        (Ok(()), |at| (at.writes[0].1, at.gathers[0].1) = (7, source(Home::Arena(28), 1, None, [1]))),
    ])?;
    let (mut at, mut code) = (base(), around()?);
    assert_eq!(verdict(&at, &code, false), Err("an input that changes"));
    at.writes[0].1 = 7;
    assert_eq!(verdict(&at, &code, false), Ok(()), "no input");
    code.rows = 2;
    assert_eq!(verdict(&at, &code, true), Err("more rows than there is memory for"));
    Ok(())
}

fn what_a_loop_adds_up() -> Result<()> {
    const NOTHING: Verified = Err("a sum of a row that is not there");
    changed(&[
        (NOTHING, |at| at.totals[0].0 = 5),
        (NOTHING, |at| at.totals[0].0 = 8),
        (Ok(()), |at| at.totals[0].0 = 0),
        (Ok(()), |at| at.totals[0].0 = 3),
        (NOTHING, |at| {
            at.steps.truncate(1);
            at.totals.truncate(1);
        }),
        // Three partial sums.
        (Ok(()), |at| at.totals[0].1 = 37),
        (OUTSIDE, |at| at.totals[0].1 = 38),
        (Ok(()), |at| at.totals[0].2 = 39),
        (OUTSIDE, |at| at.totals[0].2 = 40),
        (OVER, |at| at.totals[0].1 = 19),
        (OVER, |at| at.totals[0].2 = 19),
        (OVER, |at| at.totals[0].2 = 22),
        (OVER, |at| at.totals[1].1 = 23),
        (OVER, |at| at.totals[1].2 = 20),
        (OVER, |at| at.gathers[0].1 = source(Home::Arena(22), 1, None, [1])),
    ])?;
    let (mut at, mut code) = (base(), around()?);
    code.block = 5;
    at.totals[0].1 = 38;
    assert_eq!(verdict(&at, &code, true), Ok(()), "two of them");
    Ok(())
}

/// A loop with a carry of each kind that there is, rows, an invariant, and stacked results; two more whose numbers of steps
/// are given, and found.
fn scans() -> Result<Program<f64>> {
    let tape = Tape::<f64>::new();
    let (h, xs) = (tape.input([0.5, 0.25]), tape.input([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]));
    let (w, rows) = (tape.input([1.5, 2.5]), tape.index(ndarray::arr1(&[1, 0])));
    let carries: [Arg<'_, f64>; 2] = [h.into(), rows.into()];
    let options = crate::primitive::Loop { steps: 3, reversed: false, keep: crate::primitive::Keep::default() };
    let (last, all) = tape.scan_with(options, &carries, &[xs.into()], |_, carries, inputs| match (carries, inputs) {
        ([Arg::Real(h), Arg::Index(rows)], [Arg::Real(x)]) => {
            let next = (*h * w + *x).tanh().gather(*rows);
            (vec![next.into(), (*rows).into()], vec![(next * *x).into()])
        }
        _ => (Vec::new(), Vec::new()),
    });
    let [chosen] = tape.cond(h.sum(..).gt(0.0), || [w.exp()], || [w]);
    let ([found], steps) = tape.while_loop(5, [w], |_, [y]| ([(y * h).sin()], y.sum(..).gt(0.2)));
    let found: [Arg<'_, f64>; 3] = [chosen.into(), found.into(), steps.into()];
    tape.program(&last.into_iter().chain(all).chain(found).collect::<Vec<_>>())
}

/// The loop that makes its steps like this.
fn scan(plan: &mut Plan<f64>, made: Made) -> Option<&mut Scan<f64>> {
    plan.code.scans.iter_mut().find(|scan| scan.steps.made == made)
}

fn a_loop_over_a_program_is_one_of_its_body() -> Result<()> {
    let program = scans()?;
    let kinds = [Made::All, Made::Given, Made::While];
    for made in kinds {
        let one: fn(&mut Plan<f64>, Made) -> Option<&mut Scan<f64>> = scan;
        let mut plan = program.planner().in_small(4).update(0, 0).plan()?;
        assert!(one(&mut plan, made).is_some(), "{made:?}");
        refused(
            (&program, 4),
            |plan| one(plan, made),
            &[
                ("a loop of another body", |scan: &mut Scan<f64>| _ = scan.operands.pop()),
                ("a loop of another body", |scan| _ = scan.results.pop()),
                ("a loop of another body", |scan| scan.operands.push(OperandSource::Key(0))),
                ("a loop of another body", |scan| scan.body.code.rows = FAR),
                ("a body that updates what is no carry", |scan| scan.body.code.block += 1),
                ("a body that updates what is no carry", |scan| {
                    scan.body.updates.push(Update { slot: 0, output: 0, in_place: false });
                }),
                ("a body that updates what is no carry", |scan| {
                    let slot = scan.steps.carries + 1;
                    scan.body.updates.push(Update { slot, output: 0, in_place: false });
                }),
                ("outside its memory", |scan| scan.region.arena = FAR),
                ("outside its memory", |scan| scan.region.indices = FAR),
                ("keys outside their memory", |scan| scan.region.keys = FAR),
            ],
        )?;
    }
    let found = said(&program, 4, |plan| {
        if let Some(scan) = scan(plan, Made::All) {
            let update = Update { slot: scan.steps.carries, output: 0, in_place: false };
            scan.body.updates.push(update);
        }
    })?;
    assert_eq!(found, "right", "the last carry");
    let given: fn(&mut Plan<f64>) -> Option<&mut Scan<f64>> = |plan| scan(plan, Made::Given);
    refused(
        (&program, 4),
        given,
        &[
            ("a number of steps that is no number", |scan: &mut Scan<f64>| {
                scan.operands.last_mut().into_iter().for_each(|last| *last = OperandSource::Key(1));
            }),
            ("a number of steps that is no number", |scan| {
                if let Some(OperandSource::Real(last)) = scan.operands.last_mut() {
                    last.extent = 2;
                }
            }),
            ("outside its memory", |scan| {
                if let Some(OperandSource::Real(last)) = scan.operands.last_mut() {
                    last.home = Home::Arena(FAR);
                }
            }),
        ],
    )
}

fn what_a_loop_over_a_program_reads() -> Result<()> {
    let program = scans()?;
    let mut plan = program.planner().in_small(4).update(0, 0).plan()?;
    let operands = scan(&mut plan, Made::All).map_or(0, |scan| scan.operands.len());
    assert!(operands >= 4, "{operands} operands");
    for which in 0..operands {
        let kind: fn(&mut OperandSource) = |operand| *operand = OperandSource::Key(3);
        let longer: fn(&mut OperandSource) = |operand| match operand {
            OperandSource::Real(source) => source.extent += 1,
            OperandSource::Index { shape, .. } => *shape = [shape.size() + 1].into(),
            _ => *operand = OperandSource::Key(3),
        };
        let laid: fn(&mut OperandSource) = |operand| match operand {
            OperandSource::Real(source) => source.layout = Some(Layout::contiguous(source.shape.clone())),
            _ => *operand = OperandSource::Key(3),
        };
        let far: fn(&mut OperandSource) = |operand| match operand {
            OperandSource::Real(Source { home, .. }) | OperandSource::Index { home, .. } => *home = Home::Feed(FAR),
            _ => {}
        };
        for (change, reasons) in [
            (kind, ["an operand of another kind or length"; 2]),
            (longer, ["an operand of another kind or length"; 2]),
            (laid, ["rows that do not lie in order", "an operand of another kind or length"]),
            (far, ["outside its memory"; 2]),
        ] {
            let found = said(&program, 4, |plan| {
                scan(plan, Made::All).and_then(|scan| scan.operands.get_mut(which)).into_iter().for_each(change);
            })?;
            assert!(reasons.iter().any(|reason| found.ends_with(reason)), "operand {which}: {found}, not {reasons:?}");
        }
    }
    Ok(())
}

fn what_a_loop_over_a_program_writes() -> Result<()> {
    let program = scans()?;
    for made in [Made::All, Made::Given, Made::While] {
        let mut plan = program.planner().in_small(4).update(0, 0).plan()?;
        let results = scan(&mut plan, made).map_or(0, |scan| scan.results.len());
        assert!(results > 0);
        for which in 0..results {
            let spoilt = |change: fn(&mut Place)| {
                said(&program, 4, |plan| {
                    scan(plan, made).and_then(|scan| scan.results.get_mut(which)).into_iter().for_each(change);
                })
            };
            let found = spoilt(|place| place.size += 1)?;
            assert!(found.ends_with("a result of another kind or length"), "{which}: {found}");
            let found = spoilt(|place| place.kind = Kind::Key)?;
            assert!(found.ends_with("a result of another kind or length"), "{which}: {found}");
            let found = spoilt(|place| place.home = Home::Row)?;
            assert!(found.ends_with("a result outside the plan's memory"), "{which}: {found}");
        }
        // A result over the memory of the body, and over another result.
        let found = said(&program, 4, |plan| {
            let Some(scan) = scan(plan, made) else { return };
            let arena = scan.region.arena;
            scan.results
                .iter_mut()
                .filter(|place| place.kind == Kind::Real)
                .for_each(|place| place.home = Home::Arena(arena));
        })?;
        assert!(found.ends_with("written over what is read"), "{found}");
        // Keys that follow each other are as many as the body has.
        let found = said(&program, 4, |plan| {
            let keys = plan.keys.len();
            scan(plan, made).into_iter().for_each(|scan| (scan.region.keys, scan.body.keys) = (keys, 0));
        })?;
        assert_eq!(found, "right");
        let found = said(&program, 4, |plan| {
            let keys = plan.keys.len();
            scan(plan, made).into_iter().for_each(|scan| (scan.region.keys, scan.body.keys) = (keys, 1));
        })?;
        assert!(found.ends_with("keys outside their memory"), "{found}");
    }
    Ok(())
}

/// What is copied into the body's memory, from step to step and behind the last: numbers of slots, positions and sizes.
fn what_is_copied_inside_a_loop_over_a_program() -> Result<()> {
    let program = scans()?;
    let mut found = [0; 4];
    for made in [Made::All, Made::Given, Made::While] {
        let mut plan = program.planner().in_small(4).update(0, 0).plan()?;
        if let Some(Scan { transfers, .. }) = scan(&mut plan, made) {
            let lengths = [transfers.first.len(), transfers.each.len(), transfers.next.len(), transfers.last.len()];
            found.iter_mut().zip(lengths).for_each(|(found, length)| *found += length);
        }
        let one: fn(&mut Plan<f64>, Made) -> Option<&mut Scan<f64>> = scan;
        let expect = |change: fn(&mut Scan<f64>) -> bool, reason: &str| -> Result<()> {
            let mut done = false;
            let found = said(&program, 4, |plan| done = one(plan, made).is_some_and(change))?;
            assert_eq!(found.ends_with(reason), done, "{made:?}: {found}, not {reason}");
            Ok(())
        };
        let outside = "outside its memory";
        expect(|scan| scan.transfers.first.first_mut().map(|copied| copied.1 = FAR).is_some(), outside)?;
        expect(|scan| scan.transfers.first.first_mut().map(|copied| copied.0 = FAR).is_some(), outside)?;
        expect(|scan| scan.transfers.first.first_mut().map(|copied| copied.2 += 1).is_some(), outside)?;
        expect(|scan| scan.transfers.each.first_mut().map(|copied| copied.1 = FAR).is_some(), outside)?;
        expect(|scan| scan.transfers.next.first_mut().map(|(_, to)| *to = FAR).is_some(), outside)?;
        expect(
            |scan| scan.transfers.next.first_mut().map(|(from, _)| from.home = Home::Arena(FAR)).is_some(),
            outside,
        )?;
        expect(
            |scan| match scan.transfers.next.first_mut() {
                Some((Source { home: Home::Arena(from), .. }, to)) => {
                    *to = *from;
                    true
                }
                _ => false,
            },
            "written over what is read",
        )?;
        expect(|scan| scan.transfers.last.first_mut().map(|(_, from)| *from = FAR).is_some(), outside)?;
        let no_carry = "the result is no carry";
        expect(|scan| scan.transfers.last.first_mut().map(|(carry, _)| *carry = FAR).is_some(), no_carry)?;
        expect(
            |scan| {
                let carries = scan.steps.carries;
                scan.results.len() > carries && scan.transfers.last.first_mut().map(|last| last.0 = carries).is_some()
            },
            no_carry,
        )?;
    }
    assert!(found.iter().enumerate().all(|(i, n)| i == 1 || *n > 0), "{found:?}");
    Ok(())
}

/// A result that is a key is written over none of those that the body computes on the way.
fn the_keys_of_a_body() -> Result<()> {
    let tape = Tape::<f64>::new();
    let (w, key) = (tape.input([0.5, 0.25]), tape.key(7));
    let options = crate::primitive::Loop { steps: 3, reversed: false, keep: crate::primitive::Keep::default() };
    let first = key.fold_in(1);
    let noise = first.uniform([2], 0);
    let (last, _) = tape.scan_with(options, &[w.into(), first.into()], &[], |_, carries, _| match carries {
        [Arg::Real(h), Arg::Key(key)] => {
            let (a, b) = (key.fold_in(2), key.fold_in(3));
            let next = *h + a.uniform([2], 0) * b.uniform([2], 0);
            (vec![next.into(), a.fold_in(4).into()], Vec::new())
        }
        _ => (Vec::new(), Vec::new()),
    });
    let [Arg::Real(h), Arg::Key(key)] = last[..] else { return Err(faulty("two carries")) };
    let program = tape.program(&[h, key.uniform([2], 0), noise])?;
    let mut plan = program.planner().in_small(4).update(0, 0).plan()?;
    let Some(Scan { region, body, .. }) = scan(&mut plan, Made::All) else { return Err(faulty("one loop")) };
    let (start, keys) = (region.keys, body.keys);
    assert!(keys > 1, "{keys}");
    for at in start..start + keys {
        let found = said(&program, 4, |plan| {
            let results = scan(plan, Made::All).into_iter().flat_map(|scan| &mut scan.results);
            results.filter(|place| place.kind == Kind::Key).for_each(|place| place.home = Home::Key(at));
        })?;
        assert!(found.ends_with("written over what is read"), "key {at}: {found}");
    }
    Ok(())
}

self_tests!(
    what_a_loop_reads_is_there,
    what_a_loop_writes_is_its_own,
    what_a_loop_writes_over_an_operand,
    what_a_loop_adds_up,
    a_loop_over_a_program_is_one_of_its_body,
    what_a_loop_over_a_program_reads,
    what_a_loop_over_a_program_writes,
    what_is_copied_inside_a_loop_over_a_program,
    the_keys_of_a_body,
);
