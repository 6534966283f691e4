//! Loops and conditions.

use crate::application::Application;
use crate::literal::{flag, list_in_tuple};
use autodiff::primitive::{Kernel, Made};
use autodiff::{Real, Result};

pub(super) fn expression<F: Real>(at: &Application<'_, F>) -> Option<Result<String>> {
    (at.name() == "scan").then(|| looped(at))
}

fn looped<F: Real>(at: &Application<'_, F>) -> Result<String> {
    let Kernel::Scan(steps) = at.kernel() else { return Err(at.refused("the primitive is no loop")) };
    let behind = usize::from(steps.made == Made::Given);
    let names = at.operands();
    let part = |from: usize, to: usize| list_in_tuple(names.get(from..to).unwrap_or(&[]).iter().cloned());
    let (rows, invariants) = (steps.carries, steps.carries + steps.inputs);
    let operands = format!(
        "{}, {}, {}",
        part(0, rows),
        part(rows, invariants),
        part(invariants, names.len().saturating_sub(behind))
    );
    let (body, count, reversed) = (at.body(0)?, steps.count, flag(steps.reversed));
    if let Some(sums) = &at.sums {
        let sum = |added: &Option<String>| added.as_ref().map_or("None".into(), |sum| format!("lambda x, y: {sum}"));
        let sums = list_in_tuple(sums.added.iter().map(sum));
        let results = if at.results.len() == 1 { "0".into() } else { format!(":{}", at.results.len()) };
        return Ok(format!("_scan_and_sum({body}, {count}, {operands}, {reversed}, {sums})[{results}]"));
    }
    let call = match steps.made {
        Made::All => format!("_scan({body}, {count}, {operands}, {reversed})"),
        Made::Given => {
            format!("_loop({body}, {count}, {}, {operands}, {reversed})", names.last().map_or("None", String::as_str))
        }
        Made::While => format!("_loop({body}, {count}, None, {operands}, {reversed})"),
    };
    // A loop answers with a tuple, also of one result.
    Ok(if at.results.len() == 1 { format!("{call}[0]") } else { call })
}
