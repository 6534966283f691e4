//! Random calls of the public interface, most of them with something odd: lengths of zero and of more than there is
//! memory for, NaN and infinities, axes and indices out of range, arrays of other tapes, kinds that do not fit. Each
//! returns a value or an error that can be read; nothing panics, and no built-in primitive has a faulty rule.

mod arrays;
mod draw;
mod models;
mod programs;

use crate::oracle::well_formed;
use autodiff::{Error, ErrorKind};
use draw::Draw;
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many calls returned a value, and how many an error.
#[derive(Clone, Copy, Default, Debug)]
pub struct Answers {
    values: usize,
    errors: usize,
}

impl fmt::Display for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answers { values, errors } = self;
        write!(f, "{} calls: {values} answered with a value, {errors} with an error", values + errors)
    }
}

/// The calls that were made, and what they returned.
#[derive(Debug)]
pub struct Record {
    calls: RefCell<Vec<String>>,
    answers: RefCell<Answers>,
    complaint: RefCell<Option<String>>,
    show: bool,
}

impl Record {
    fn new(show: bool) -> Self {
        let (calls, answers, complaint) = (RefCell::default(), RefCell::default(), RefCell::default());
        Record { calls, answers, complaint, show }
    }

    /// Before a call: which.
    fn call(&self, call: String) {
        if self.show {
            println!("{call}");
        }
        self.calls.borrow_mut().push(call);
    }

    /// After a call: how it was answered.
    fn answer<T>(&self, answer: Result<T, Error>) -> Option<T> {
        let mut answers = self.answers.borrow_mut();
        match answer {
            Ok(value) => {
                answers.values += 1;
                Some(value)
            }
            Err(error) => {
                answers.errors += 1;
                let said = match error.kind() {
                    ErrorKind::FaultyRule => Err(format!("a rule is faulty: {error}")),
                    _ => well_formed(&error).and_then(|()| names_the_caller(&error)),
                };
                if let Err(complaint) = said {
                    self.complaint.borrow_mut().get_or_insert(complaint);
                }
                None
            }
        }
    }
}

/// Lines in an error are those of the calls here, not of the crates that were called.
fn names_the_caller(error: &Error) -> Result<(), String> {
    let text = error.to_string();
    match ["autodiff/src/", "nn/src/"].iter().any(|inside| text.contains(inside)) {
        true => Err(format!("an error that names a line inside: {text}")),
        false => Ok(()),
    }
}

/// Makes the calls of one case; what is wrong, with the calls up to there.
///
/// # Errors
/// The complaint.
pub fn check(seed: u64, case: u64, show: bool, answers: &mut Answers) -> Result<(), String> {
    let record = Record::new(show);
    record.call(format!("---- case {case}"));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let draw = &mut Draw::new(seed, case);
        match case % 4 {
            0 => models::calls(draw, &record),
            1 => programs::calls(draw, &record),
            _ => arrays::calls(draw, &record),
        }
    }));
    let of_case = *record.answers.borrow();
    answers.values += of_case.values;
    answers.errors += of_case.errors;
    let complaint = match panic {
        Err(panic) => {
            let message = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Some(format!("a panic: {}", message.unwrap_or("without a message")))
        }
        Ok(()) => record.complaint.take(),
    };
    match complaint {
        Some(complaint) => Err(format!("{}\n{complaint}", record.calls.borrow().join("\n"))),
        None => Ok(()),
    }
}
