//! What is printed: a table for people, lines of JSON for programs.

use crate::measure::Statistics;
use crate::workload::About;
use std::fmt::Write;

/// One implementation of one workload on one number of threads.
#[derive(Clone, Debug)]
pub struct Row {
    pub framework: String,
    pub workload: &'static str,
    pub threads: usize,
    /// In microseconds.
    pub times: Statistics,
    /// In seconds: compiling, recording, planning.
    pub planning: f64,
    /// In MiB, of a process that does nothing else.
    pub memory: Option<f64>,
    /// Its time by that of the best peer: the median over rounds, in each of which both were timed.
    pub ratio: Option<f64>,
    /// The same of the quickest runs, which a busy machine disturbs less.
    pub ratio_of_minima: Option<f64>,
    /// The limit by its time: 1 cannot be surpassed.
    pub of_limit: Option<f64>,
}

impl Row {
    /// One line of JSON.
    pub fn json(&self) -> String {
        let Statistics { median, min, p90, runs } = self.times;
        let mut line = format!(
            "{{\"framework\":{},\"workload\":{},\"threads\":{},\"median_us\":{},\"min_us\":{},\"p90_us\":{},\"runs\":{runs}",
            quoted(&self.framework),
            quoted(self.workload),
            self.threads,
            number(median),
            number(min),
            number(p90),
        );
        let _ = write!(line, ",\"planning_ms\":{}", number(self.planning * 1e3));
        let more = [
            ("peak_mib", self.memory),
            ("ratio", self.ratio),
            ("ratio_of_minima", self.ratio_of_minima),
            ("of_limit", self.of_limit),
        ];
        for (name, value) in more {
            let _ = write!(line, ",\"{name}\":{}", value.map_or("null".to_owned(), number));
        }
        line + "}"
    }
}

/// Four significant digits; JSON has no infinities.
fn number(x: f64) -> String {
    if !x.is_finite() {
        return "null".into();
    }
    let digits = if x == 0.0 { 0 } else { (3 - x.abs().log10().floor() as i32).clamp(0, 9) };
    format!("{x:.*}", digits as usize)
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// A time in the unit that suits it.
fn time(us: f64) -> String {
    match us {
        us if us < 1.0 => format!("{:.0} ns", us * 1e3),
        us if us < 1e3 => format!("{} µs", three(us)),
        us if us < 1e6 => format!("{} ms", three(us / 1e3)),
        us => format!("{} s", three(us / 1e6)),
    }
}

/// Three significant digits of a number from 1 to 1000.
fn three(x: f64) -> String {
    let digits = if x < 10.0 { 2 } else { usize::from(x < 100.0) };
    format!("{x:.digits$}")
}

/// The rows of each workload under its title, the quickest first.
pub fn table(workloads: &[About], rows: &[Row]) -> String {
    let mut text = String::new();
    for about in workloads {
        let _ = writeln!(text, "\n{}  {}", about.name, about.title);
        let head = ["median", "min", "p90", "runs", "planning", "peak MiB", "× best peer", "of minima", "of limit"];
        let [median, min, p90, runs, planning, memory, ratio, minima, limit] = head;
        let _ = writeln!(
            text,
            "  threads  {:<18}{median:>10}{min:>10}{p90:>10}{runs:>8}{planning:>10}{memory:>10}{ratio:>13}{minima:>11}{limit:>10}",
            "framework"
        );
        let mut own: Vec<&Row> = rows.iter().filter(|row| row.workload == about.name).collect();
        own.sort_by(|a, b| a.threads.cmp(&b.threads).then(a.times.median.total_cmp(&b.times.median)));
        for row in own {
            let _ = writeln!(
                text,
                "  {:<7}  {:<18}{:>10}{:>10}{:>10}{:>8}{:>10}{:>10}{:>13}{:>11}{:>10}",
                row.threads,
                row.framework,
                time(row.times.median),
                time(row.times.min),
                time(row.times.p90),
                row.times.runs,
                time(row.planning * 1e6),
                row.memory.map_or("–".into(), |mib| format!("{mib:.0}")),
                row.ratio.map_or("–".into(), |ratio| format!("{ratio:.2}")),
                row.ratio_of_minima.map_or("–".into(), |ratio| format!("{ratio:.2}")),
                row.of_limit.map_or("–".into(), |part| format!("{:.1} %", 100.0 * part)),
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::WORKLOADS;

    fn row() -> Row {
        Row {
            framework: "a \"b\"".into(),
            workload: "W1",
            threads: 2,
            times: Statistics { median: 1234.56, min: 0.123456, p90: 2e6, runs: 7 },
            planning: 0.0,
            memory: None,
            ratio: Some(0.5),
            ratio_of_minima: Some(2.0),
            of_limit: Some(f64::INFINITY),
        }
    }

    #[test]
    fn a_row_is_one_line_of_json() {
        let expected = r#"{"framework":"a \"b\"","workload":"W1","threads":2,"median_us":1235,"min_us":0.1235,"p90_us":2000000,"runs":7,"planning_ms":0,"peak_mib":null,"ratio":0.5000,"ratio_of_minima":2.000,"of_limit":null}"#;
        assert_eq!(row().json(), expected);
        assert_eq!(quoted("tab\there"), "\"tab\\u0009here\"");
    }

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let shown: Vec<String> = [0.2345, 1.2345, 98.76, 123.4, 23456.0, 2e6].map(time).to_vec();
        assert_eq!(shown, ["234 ns", "1.23 µs", "98.8 µs", "123 µs", "23.5 ms", "2.00 s"]);
    }

    #[test]
    fn the_quickest_stands_first() {
        let slow = Row { threads: 1, framework: "slow".into(), ..row() };
        let quick = Row { times: Statistics { median: 1.0, ..slow.times }, framework: "quick".into(), ..slow.clone() };
        let text = table(&WORKLOADS[..1], &[slow, row(), quick]);
        let order: Vec<Option<usize>> = ["quick", "slow", "a \"b\""].iter().map(|name| text.find(name)).collect();
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{text}");
    }
}
