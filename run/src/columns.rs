//! What the columns of a table are to a network: features, one-hot columns of words, the target; and what stands for a
//! value that is missing.

use super::Failure;
use autodiff::Error;
use ndarray::{ArrayD, Axis};
use nn::{Column, Csv, Dataset, Table};
use serde::{Deserialize, Serialize};

/// What a program that was trained on a table states about its tables: a comment in front of its text.
#[derive(Serialize, Deserialize)]
pub(crate) struct Description {
    /// The columns that are features, in the order of the table that it was trained on.
    pub(crate) features: Vec<String>,
    pub(crate) target: String,
    /// In the order of the outputs; of two classes with one output, the second is that whose probability is given. None
    /// for numbers.
    pub(crate) classes: Vec<String>,
    /// The features of words, with their categories: each is a column of 0 and 1 of the network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) categories: Vec<(String, Vec<String>)>,
    #[serde(default, skip_serializing_if = "Missing::refuses")]
    pub(crate) missing: Missing,
    /// What stands for a missing value of each column of the network, where means do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) means: Vec<f64>,
}

/// What is done about a row that lacks a feature.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Missing {
    #[default]
    Refuse,
    Drop,
    Mean,
}

impl Missing {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        match text {
            "refuse" => Ok(Missing::Refuse),
            "drop" => Ok(Missing::Drop),
            "mean" => Ok(Missing::Mean),
            _ => Err(Failure::Usage(format!("--missing is `refuse`, `drop` or `mean`, not `{text}`"))),
        }
    }

    fn refuses(&self) -> bool {
        *self == Missing::Refuse
    }
}

/// The table in a file.
pub(crate) fn read(file: &str) -> Result<Table, Failure> {
    Csv::new().read(file).map_err(|error| Failure::Other(format!("{file}: {}", error.message())))
}

/// Whether the table in `file` has a column of this name.
pub(crate) fn check_column(file: &str, table: &Table, name: &str) -> Result<(), Failure> {
    if table.names().iter().any(|own| own == name) {
        return Ok(());
    }
    let list = listed(table.names());
    let separated = match table.names() {
        [only] => [';', '\t', '|'].into_iter().find(|mark| only.contains(*mark)),
        _ => None,
    };
    let separated = separated.map_or(String::new(), |mark| {
        let mark = mark.escape_default();
        format!("; the fields seem to be separated by `{mark}`, and commas are what is read")
    });
    Err(Failure::Other(format!("{file}: there is no column `{name}`; the columns are {list}{separated}")))
}

pub(crate) fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Description {
    /// What the columns of a table are: all but the target are features, and those of words get their categories.
    pub(crate) fn of(table: &Table, target: &str, classes: Vec<String>, missing: Missing) -> Result<Self, Failure> {
        let features: Vec<String> = table.names().iter().filter(|name| *name != target).cloned().collect();
        let mut categories = Vec::new();
        for name in &features {
            let values = table.classes(name)?;
            // One number among the fields, and the others are probably mistakes.
            if !values.is_empty() && values.iter().all(|value| value.parse::<f64>().is_err()) {
                categories.push((name.clone(), values));
            }
        }
        let target = target.to_owned();
        let description = Description { features, target, classes, categories, missing, means: Vec::new() };
        let wide = description.wide();
        match wide.iter().enumerate().find(|(i, name)| wide.iter().take(*i).any(|before| before == *name)) {
            None => Ok(description),
            Some((_, name)) => Err(Failure::Other(format!("two features would be called `{name}`; rename a column"))),
        }
    }

    /// The columns of the network.
    pub(crate) fn wide(&self) -> Vec<String> {
        let columns = |name: &String| match self.categories.iter().find(|(own, _)| own == name) {
            None => vec![name.clone()],
            Some((_, categories)) => categories.iter().map(|category| format!("{name}={category}")).collect(),
        };
        self.features.iter().flat_map(columns).collect()
    }

    /// The examples in the table of `file`. A feature that is missing is NaN where it is to be replaced by a mean.
    pub(crate) fn data(&self, file: &str, table: &Table) -> Result<Dataset<f64>, Failure> {
        check_column(file, table, &self.target)?;
        let missing = match self.missing {
            Missing::Refuse => nn::Missing::Refuse,
            Missing::Drop => nn::Missing::Drop,
            Missing::Mean => nn::Missing::Keep,
        };
        let table = self.widened(file, table, true)?.missing(missing);
        let data = match self.classes.is_empty() {
            true => table.valued(&self.target),
            false => table.labelled(&self.target, &self.classes),
        };
        let data: Dataset<f64> = data.map_err(|error| self.told(file, error))?;
        let names: Vec<String> = table.names().iter().filter(|name| **name != self.target).cloned().collect();
        with_features(&data, self.ordered(&names, data.features()?))
    }

    /// The features of the rows of the table in `file`; what is missing is NaN, unless it is refused.
    pub(crate) fn features(&self, file: &str, table: &Table) -> Result<ArrayD<f64>, Failure> {
        let missing = if self.missing.refuses() { nn::Missing::Refuse } else { nn::Missing::Keep };
        let table = self.widened(file, table, false)?.missing(missing);
        let features: ArrayD<f64> = table.features().map_err(|error| self.told(file, error))?;
        Ok(self.ordered(table.names(), &features))
    }

    /// The columns in the order of the network.
    fn ordered(&self, names: &[String], features: &ArrayD<f64>) -> ArrayD<f64> {
        let order: Vec<usize> =
            self.wide().iter().filter_map(|name| names.iter().position(|own| own == name)).collect();
        features.select(Axis(1), &order)
    }

    /// The table with the features, one-hot where they are words, and with the target, if it is asked for.
    fn widened(&self, file: &str, table: &Table, with_target: bool) -> Result<Table, Failure> {
        for name in &self.features {
            check_column(file, table, name)?;
        }
        let is_kept = |name: &String| self.features.contains(name) || (with_target && *name == self.target);
        let others: Vec<&str> = table.names().iter().filter(|name| !is_kept(name)).map(String::as_str).collect();
        let mut table = table.without(others)?;
        for (name, categories) in &self.categories {
            table = table.one_hot(name, categories).map_err(|error| self.told(file, error))?;
        }
        Ok(table)
    }

    /// What is wrong with a field, in terms of the file and of the command line.
    fn told(&self, file: &str, error: Error) -> Failure {
        let mut message = error.message().to_owned();
        for (name, categories) in &self.categories {
            for category in categories {
                message = message.replace(&format!("column `{name}={category}`"), &format!("column `{name}`"));
            }
        }
        let at = |name: &str| message.contains(&format!("column `{name}`"));
        let column = self.features.iter().find(|name| at(name));
        let help = match column {
            _ if message.ends_with("the value is missing") => match column {
                Some(_) => "with `run train … --missing drop` a network leaves such rows out, with `--missing mean` the mean of the column stands for the value".to_owned(),
                None => "a target is never filled; with `run train … --missing drop` such rows are left out".to_owned(),
            },
            Some(name) if message.ends_with("is not a number") => {
                format!("a column is of numbers, or of words alone; `run train … --without {name}` leaves it out")
            }
            None if message.ends_with("is not a number") && at(&self.target) => {
                "numbers are learnt where the last activator is `identity`, classes where it is `softmax` or `sigmoid`".to_owned()
            }
            _ => return Failure::Other(format!("{file}: {message}")),
        };
        Failure::Other(format!("{file}: {message}\n{help}"))
    }

    /// Takes the means of the columns of `train`, where missing values are replaced by them.
    pub(crate) fn learn_means(&mut self, train: &Dataset<f64>) -> Result<(), Failure> {
        if self.missing != Missing::Mean {
            return Ok(());
        }
        for (column, name) in train.features()?.axis_iter(Axis(1)).zip(self.wide()) {
            let known: Vec<f64> = column.iter().copied().filter(|x| !x.is_nan()).collect();
            if known.is_empty() {
                let message = format!("`{name}` has no value in the rows that are trained on, and so no mean");
                return Err(Failure::Other(format!("{message}; `--without {name}` leaves it out")));
            }
            self.means.push(known.iter().sum::<f64>() / known.len() as f64);
        }
        Ok(())
    }

    /// The features with the means in place of missing values.
    pub(crate) fn filled(&self, mut features: ArrayD<f64>) -> ArrayD<f64> {
        for (mut column, mean) in features.axis_iter_mut(Axis(1)).zip(&self.means) {
            column.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = *mean);
        }
        features
    }

    /// The examples with the means in place of missing values.
    pub(crate) fn filled_data(&self, data: &Dataset<f64>) -> Result<Dataset<f64>, Failure> {
        with_features(data, self.filled(data.features()?.clone()))
    }
}

/// The examples with other features.
fn with_features(data: &Dataset<f64>, features: ArrayD<f64>) -> Result<Dataset<f64>, Failure> {
    Ok(match data.targets()? {
        Column::Index(labels) => Dataset::labelled(features, labels.clone())?,
        Column::Real(values) => Dataset::valued(features, values.clone())?,
    })
}
