//! Tables of text: CSV files with named columns.

use super::{Column, Dataset};
use crate::error::{error, mismatch};
use autodiff::{Error, ErrorKind, Real, Result};
use csv::StringRecord;
use ndarray::{Array2, ArrayD, Axis};
use std::cmp::Ordering;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads CSV files: by default, with a header and commas between the fields.
///
/// ```
/// use nn::Csv;
/// let table = Csv::new().parse("height,colour\n1.5,red\n2.5,blue\n")?;
/// assert_eq!(table.names(), ["height", "colour"]);
/// let classes = table.classes("colour")?;
/// let data = table.labelled::<f64>("colour", &classes)?;
/// assert_eq!(data.features()?, &ndarray::array![[1.5], [2.5]].into_dyn());
/// assert_eq!((classes, data.labels()?.as_slice().unwrap()), (vec!["blue".to_owned(), "red".to_owned()], &[1, 0][..]));
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Quoted fields are as in Shafranovich, "Common Format and MIME Type for Comma-Separated Values (CSV) Files", RFC 4180
/// (2005).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Csv {
    header: bool,
    delimiter: u8,
}

impl Csv {
    /// With a header, and commas between the fields.
    pub fn new() -> Self {
        Csv { header: true, delimiter: b',' }
    }

    /// Without a header: the columns are named `0`, `1`, ….
    pub fn without_header(self) -> Self {
        Csv { header: false, ..self }
    }

    /// With another byte between the fields: `b';'`, `b'\t'`.
    pub fn delimiter(self, delimiter: u8) -> Self {
        Csv { delimiter, ..self }
    }

    /// Reads the table in the file at `path`.
    ///
    /// # Errors
    /// [`ErrorKind::File`] if it cannot be read, or is not a table: a line with another number of fields than the
    /// first, two columns of one name, bytes that are not UTF-8, a header that consists of numbers, each with its line.
    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let table = match File::open(path) {
            Ok(file) => self.table(file),
            Err(why) => Err(error(ErrorKind::File, "csv", why.to_string())),
        };
        match table {
            Ok(table) => Ok(table),
            Err(error) => Err(error.with_operand(format!("the file {}", path.display()))),
        }
    }

    /// Reads a table from `text`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn parse(&self, text: &str) -> Result<Table> {
        self.table(text.as_bytes())
    }

    /// Reads a table from `reader`, such as that of a compressed file.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[track_caller]
    pub fn from_reader(&self, reader: impl Read) -> Result<Table> {
        self.table(reader)
    }

    #[track_caller]
    fn table(&self, reader: impl Read) -> Result<Table> {
        let (mut bytes, mut reader) = (Vec::new(), reader);
        if let Err(why) = reader.read_to_end(&mut bytes) {
            return Err(error(ErrorKind::File, "csv", why.to_string()));
        }
        let mut lines = csv::ReaderBuilder::new()
            .has_headers(self.header)
            .delimiter(self.delimiter)
            .trim(csv::Trim::All)
            .from_reader(bytes.as_slice());
        let names: Vec<String> = match self.header {
            false => Vec::new(),
            true => match lines.headers() {
                Ok(header) => header.iter().map(str::to_owned).collect(),
                Err(why) => return Err(unreadable(why, &bytes)),
            },
        };
        let mut rows = Vec::new();
        for row in lines.records() {
            match row {
                Ok(mut row) => {
                    let position = row.position().map(|position| behind_blank_lines(position, &bytes));
                    row.set_position(position);
                    rows.push(row);
                }
                Err(why) => {
                    let error = unreadable(why, &bytes);
                    return Err(match other_delimiter(&names) {
                        Some(remedy) => error.with_help(remedy),
                        None => error,
                    });
                }
            }
        }
        let names = match (self.header, rows.first()) {
            (true, _) => names,
            (false, first) => (0..first.map_or(0, StringRecord::len)).map(|i| i.to_string()).collect(),
        };
        if names.is_empty() {
            return Err(error(ErrorKind::File, "csv", "the table is empty"));
        }
        if self.header && names.iter().all(|name| name.parse::<f64>().is_ok()) {
            let complaint =
                error(ErrorKind::File, "csv", format!("the header consists of numbers: {}", names.join(", ")));
            return Err(complaint.with_help("`Csv::new().without_header()` reads a table whose first line is a row"));
        }
        if let Some((_, twice)) = names.iter().enumerate().find(|(i, name)| names.iter().take(*i).any(|n| n == *name)) {
            return Err(error(ErrorKind::File, "csv", format!("there are two columns `{twice}`")));
        }
        Ok(Table { names, rows, missing: Missing::Refuse })
    }
}

impl Default for Csv {
    fn default() -> Self {
        Csv::new()
    }
}

/// How missing values are treated. A value is missing where the field is empty, `NA`, `NaN`, `null` or `?`.
///
/// | variant | a row with a missing feature |
/// |---|---|
/// | `Refuse` | is an error that names line and column |
/// | `Drop` | is left out, as is one whose target is missing |
/// | `Fill(number)` | has the number in its place |
/// | `Keep` | has NaN in its place, for [`Scaling`](crate::Scaling), which replaces it by the mean of the feature in the training part |
///
/// A target that is missing is never filled.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub enum Missing {
    /// An error.
    #[default]
    Refuse,
    /// Without the row.
    Drop,
    /// This number.
    Fill(f64),
    /// NaN.
    Keep,
}

/// A table of text with named columns, from which a [`Dataset`] is made: see [`Csv`].
#[derive(Clone, PartialEq, Debug)]
pub struct Table {
    names: Vec<String>,
    rows: Vec<StringRecord>,
    missing: Missing,
}

impl Table {
    /// The names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// With this treatment of missing values, in place of [`Missing::Refuse`].
    pub fn missing(self, missing: Missing) -> Self {
        Table { missing, ..self }
    }

    /// Without the columns `names`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column.
    #[track_caller]
    pub fn without<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Self> {
        let mut left: Vec<usize> = (0..self.names.len()).collect();
        for name in names {
            let at = self.position(name)?;
            left.retain(|column| *column != at);
        }
        let kept = |row: &StringRecord| {
            let mut new: StringRecord = left.iter().filter_map(|column| row.get(*column)).collect();
            new.set_position(row.position().cloned());
            new
        };
        let names = left.iter().filter_map(|column| self.names.get(*column).cloned()).collect();
        Ok(Table { names, rows: self.rows.iter().map(kept).collect(), missing: self.missing })
    }

    /// The classes of a label, or the categories of a feature: the different values of the column `name` that are not
    /// missing, sorted as numbers if all are numbers, and alphabetically otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column.
    #[track_caller]
    pub fn classes(&self, name: &str) -> Result<Vec<String>> {
        let at = self.position(name)?;
        let mut found: Vec<&str> = self.rows.iter().filter_map(|row| row.get(at)).filter(|f| !is_missing(f)).collect();
        found.sort_unstable();
        found.dedup();
        if found.iter().all(|field| field.parse::<f64>().is_ok()) {
            let number = |field: &&str| field.parse::<f64>().unwrap_or(f64::NAN);
            found.sort_by(|a, b| number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal));
        }
        Ok(found.into_iter().map(str::to_owned).collect())
    }

    /// One-hot columns in place of the column `name`: one for each of `classes`, named `name=class`, with 1 where the
    /// field is that class and 0 elsewhere.
    ///
    /// ```
    /// let table = nn::Csv::new().parse("size,colour\n1,red\n2,blue\n")?;
    /// let colours = table.classes("colour")?;
    /// let table = table.one_hot("colour", &colours)?;
    /// assert_eq!(table.names(), ["size", "colour=blue", "colour=red"]);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column; [`ErrorKind::Refused`] for a field that is none of the
    /// classes, with its line. A field that is missing is missing in all of the new columns, and treated as
    /// [`missing`](Self::missing) says: with [`Missing::Drop`] its row is left out.
    #[track_caller]
    pub fn one_hot(&self, name: &str, classes: &[String]) -> Result<Self> {
        let at = self.position(name)?;
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let mut new = StringRecord::new();
            new.set_position(row.position().cloned());
            for (column, field) in row.iter().enumerate() {
                if column != at {
                    new.push_field(field);
                    continue;
                }
                let class = if is_missing(field) { None } else { Some(self.class(row, at, classes)?) };
                for i in 0..classes.len() {
                    new.push_field(class.map_or("", |class| if class == i { "1" } else { "0" }));
                }
            }
            rows.push(new);
        }
        let columns = self.names.iter().enumerate().flat_map(|(column, other)| match column == at {
            true => classes.iter().map(|class| format!("{name}={class}")).collect(),
            false => vec![other.clone()],
        });
        Ok(Table { names: columns.collect(), rows, missing: self.missing })
    }

    /// The data set whose targets are the classes in the column `label`, by their number in `classes`, and whose
    /// features are all other columns, as numbers.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if there is no such column, or no row; [`ErrorKind::Refused`] for a value that is
    /// missing, no number, not finite, or none of the classes, with its line and column.
    #[track_caller]
    pub fn labelled<F: Real>(&self, label: &str, classes: &[String]) -> Result<Dataset<F>> {
        let at = self.position(label)?;
        let (rows, features) = self.numbers::<F>(Some(at))?;
        let mut labels = Vec::with_capacity(rows.len());
        for row in rows {
            labels.push(self.class(row, at, classes)?);
        }
        Dataset::labelled(features, labels)
    }

    /// The data set whose targets \[rows, 1\] are the numbers in the column `target`, and whose features are all other
    /// columns, as numbers.
    ///
    /// # Errors
    /// As [`labelled`](Self::labelled).
    #[track_caller]
    pub fn valued<F: Real>(&self, target: &str) -> Result<Dataset<F>> {
        let at = self.position(target)?;
        let (rows, features) = self.numbers::<F>(Some(at))?;
        let mut values = Vec::with_capacity(rows.len());
        for row in rows {
            match self.number(row, at, true)? {
                Some(value) => values.push(F::of(value)),
                None => return Err(self.missing_at(row, at)),
            }
        }
        Dataset::valued(features, ndarray::Array1::from(values).insert_axis(Axis(1)))
    }

    /// All columns as numbers \[rows, columns\]: the features of examples without a target.
    ///
    /// # Errors
    /// As [`labelled`](Self::labelled).
    #[track_caller]
    pub fn features<F: Real>(&self) -> Result<ArrayD<F>> {
        Ok(self.numbers(None)?.1)
    }

    /// The rows that the treatment of missing values leaves, and their features: all columns but the target.
    #[track_caller]
    fn numbers<F: Real>(&self, target: Option<usize>) -> Result<(Vec<&StringRecord>, ArrayD<F>)> {
        let lacks = |row: &&StringRecord| row.iter().any(is_missing);
        let rows: Vec<&StringRecord> =
            self.rows.iter().filter(|row| self.missing != Missing::Drop || !lacks(row)).collect();
        if rows.is_empty() {
            let which = if self.rows.is_empty() { "" } else { " without a missing value" };
            return Err(mismatch("table", format!("there are no rows{which}")));
        }
        let columns: Vec<usize> = (0..self.names.len()).filter(|column| Some(*column) != target).collect();
        let mut numbers = Vec::with_capacity(rows.len() * columns.len());
        for row in &rows {
            for column in &columns {
                let number = match (self.number(row, *column, false)?, self.missing) {
                    (Some(number), _) => number,
                    (None, Missing::Fill(number)) => number,
                    (None, Missing::Keep) => f64::NAN,
                    (None, Missing::Refuse | Missing::Drop) => return Err(self.missing_at(row, *column)),
                };
                numbers.push(F::of(number));
            }
        }
        match Array2::from_shape_vec((rows.len(), columns.len()), numbers) {
            Ok(features) => Ok((rows, features.into_dyn())),
            Err(_) => Err(mismatch("table", "a row has another number of fields than there are columns")),
        }
    }

    /// The number in a field, if it is not missing.
    #[track_caller]
    fn number(&self, row: &StringRecord, column: usize, is_target: bool) -> Result<Option<f64>> {
        let field = row.get(column).unwrap_or("");
        if is_missing(field) {
            return Ok(None);
        }
        let name = self.name(column);
        match field.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            Ok(_) => Err(self.refused(row, column, format!("`{field}` is not finite"))),
            Err(_) => {
                let classes = format!("(\"{name}\", &table.classes(\"{name}\")?)");
                let help = match other_delimiter(&self.names) {
                    Some(remedy) => remedy,
                    None if is_target => format!("a target of classes: `labelled{classes}` numbers them"),
                    None => format!(
                        "`one_hot{classes}` makes columns of 0 and 1 of it, `without([\"{name}\"])` leaves it out"
                    ),
                };
                Err(self.refused(row, column, format!("`{field}` is not a number")).with_help(help))
            }
        }
    }

    /// The number of the class in a field.
    #[track_caller]
    fn class(&self, row: &StringRecord, column: usize, classes: &[String]) -> Result<usize> {
        let field = row.get(column).unwrap_or("");
        match classes.iter().position(|class| class == field) {
            _ if is_missing(field) => Err(self.missing_at(row, column)),
            Some(class) => Ok(class),
            None => {
                let list = classes.join("`, `");
                Err(self.refused(row, column, format!("`{field}` is none of the classes `{list}`")))
            }
        }
    }

    #[track_caller]
    fn missing_at(&self, row: &StringRecord, column: usize) -> Error {
        let error = self.refused(row, column, "the value is missing".to_owned());
        error.with_help("`table.missing(Missing::Drop)` leaves such rows out; `Missing::Fill(0.0)` and `Missing::Keep` fill features")
    }

    /// An error about one field, with its line in the file.
    #[track_caller]
    fn refused(&self, row: &StringRecord, column: usize, complaint: String) -> Error {
        let line = row.position().map_or(0, csv::Position::line);
        error(ErrorKind::Refused, "table", format!("line {line}, column `{}`: {complaint}", self.name(column)))
    }

    fn name(&self, column: usize) -> &str {
        self.names.get(column).map_or("", String::as_str)
    }

    #[track_caller]
    fn position(&self, name: &str) -> Result<usize> {
        match self.names.iter().position(|known| known == name) {
            Some(at) => Ok(at),
            None => {
                let error = mismatch("table", format!("there is no column `{name}`"));
                let list = format!("the columns are `{}`", self.names.join("`, `"));
                Err(error.with_help(match other_delimiter(&self.names) {
                    Some(remedy) => format!("{list}; {remedy}"),
                    None => list,
                }))
            }
        }
    }
}

impl<F: Real> Column<F> {
    /// A column of labels from whole numbers, which is how files of arrays store them.
    ///
    /// ```
    /// use nn::Column;
    /// assert_eq!(Column::<f64>::labels([2.0, 0.0])?, Column::index([2, 0]));
    /// let error = Column::<f64>::labels([0.0, f64::NAN]).unwrap_err();
    /// assert_eq!(error.message(), "the label in row 1 (counted from 0) is NaN, and no whole number from 0");
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] for a number that is negative, not whole, or not finite, with its row.
    #[track_caller]
    pub fn labels(numbers: impl autodiff::IntoArray<F>) -> Result<Self> {
        /// From here on, not every whole number is one of double precision.
        const INEXACT: f64 = 9_007_199_254_740_992.0;
        let numbers = numbers.into_array();
        let is_label = |number: f64| (0.0..INEXACT).contains(&number) && number.fract() == 0.0;
        match numbers.iter().position(|number| !is_label(number.double())) {
            None => Ok(Column::Index(numbers.mapv(|number| number.double() as usize))),
            Some(at) => {
                let number = numbers.iter().nth(at).copied().unwrap_or(F::nan());
                let row = super::row(numbers.shape(), at);
                let complaint =
                    format!("the label in row {row} (counted from 0) is {number}, and no whole number from 0");
                Err(error(ErrorKind::Refused, "labels", complaint))
            }
        }
    }
}

/// What is said of a header that is one field, in which there is a usual delimiter.
fn other_delimiter(header: &[String]) -> Option<String> {
    let [only] = header else { return None };
    let mark = [';', '\t', '|'].into_iter().find(|mark| only.contains(*mark))?.escape_default();
    Some(format!("the fields seem to be separated by another byte: `Csv::new().delimiter(b'{mark}')`"))
}

/// Whether a field stands for a value that is missing.
fn is_missing(field: &str) -> bool {
    field.is_empty() || field == "?" || ["na", "nan", "null"].iter().any(|word| field.eq_ignore_ascii_case(word))
}

/// Where a row begins: the reader's position is that of the blank lines before it.
fn behind_blank_lines(position: &csv::Position, bytes: &[u8]) -> csv::Position {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = bytes.get(start..).unwrap_or_default().iter().take_while(|byte| [b'\n', b'\r'].contains(byte));
    let lines = blank.filter(|byte| **byte == b'\n').count();
    let mut position = position.clone();
    position.set_line(position.line() + lines as u64);
    position
}

/// What the reader of CSV complains about, with its line.
#[track_caller]
fn unreadable(why: csv::Error, bytes: &[u8]) -> Error {
    let line = |position: &Option<csv::Position>| position.as_ref().map_or(0, |p| behind_blank_lines(p, bytes).line());
    let message = match why.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            format!("line {} has {len} fields; the first line has {expected_len}", line(pos))
        }
        csv::ErrorKind::Utf8 { pos, err } => {
            format!("line {}, field {}: the bytes are not UTF-8", line(pos), err.field() + 1)
        }
        csv::ErrorKind::Io(why) => why.to_string(),
        _ => why.to_string(),
    };
    error(ErrorKind::File, "csv", message)
}
