//! CSV files: columns, classes, missing values, and the line of what is wrong.

use autodiff::{Error, ErrorKind};
use ndarray::array;
use nn::{Csv, Dataset, Missing, Table};

fn table(text: &str) -> Table {
    Csv::new().parse(text).unwrap()
}

fn refused(text: &str) -> Error {
    Csv::new().parse(text).unwrap_err()
}

#[test]
fn quotes_spaces_blank_lines_and_a_byte_order_mark_are_read() {
    let text = "\u{feff}name,\"size, in cm\",class\r\n\r\n\"Smith, \"\"J\"\"\", 1.5e1 ,a\r\nx,-2,b\r\n";
    let table = table(text);
    assert_eq!(table.names(), ["name", "size, in cm", "class"]);
    assert_eq!(table.classes("name").unwrap(), ["Smith, \"J\"", "x"]);
    let data: Dataset<f64> = table.without(["name"]).unwrap().labelled("class", &["a".into(), "b".into()]).unwrap();
    assert_eq!(data.features().unwrap(), &array![[15.0], [-2.0]].into_dyn());
}

#[test]
fn a_table_without_a_header_has_numbered_columns() {
    let table = Csv::new().without_header().delimiter(b';').parse("1;2.5;9\n0;3.5;8\n").unwrap();
    assert_eq!(table.names(), ["0", "1", "2"]);
    let data: Dataset<f64> = table.valued("2").unwrap();
    assert_eq!(data.features().unwrap(), &array![[1.0, 2.5], [0.0, 3.5]].into_dyn());
    assert_eq!(data.targets().unwrap(), &nn::Column::real(array![[9.0], [8.0]]));
    assert!(refused("1,2\n3,4\n").message().contains("the header consists of numbers: 1, 2"));
}

#[test]
fn classes_are_sorted_as_numbers_if_they_are_numbers() {
    let table = table("digit,word,x\n10,b,0\n9,a,0\n2,b,0\n");
    assert_eq!(table.classes("digit").unwrap(), ["2", "9", "10"]);
    assert_eq!(table.classes("word").unwrap(), ["a", "b"]);
    let table = table.without(["word"]).unwrap();
    let data: Dataset<f64> = table.labelled("digit", &table.classes("digit").unwrap()).unwrap();
    assert_eq!(data.labels().unwrap(), &array![2, 1, 0].into_dyn());
}

#[test]
fn the_classes_of_one_file_are_those_of_another() {
    let (train, later) = (table("x,y\n1,cat\n2,dog\n"), table("x,y\n3,dog\n4,cow\n"));
    let classes = train.classes("y").unwrap();
    let error = later.labelled::<f64>("y", &classes).unwrap_err();
    assert_eq!(error.message(), "line 3, column `y`: `cow` is none of the classes `cat`, `dog`");
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("tables.rs"), "{error}");
}

#[test]
fn one_hot_columns_take_the_place_of_a_column() {
    let table = table("a,colour,b\n1,red,2\n3,blue,4\n5,,6\n");
    let colours = table.classes("colour").unwrap();
    let wide = table.one_hot("colour", &colours).unwrap();
    assert_eq!(wide.names(), ["a", "colour=blue", "colour=red", "b"]);
    let features = wide.missing(Missing::Drop).features::<f64>().unwrap();
    assert_eq!(features, array![[1.0, 0.0, 1.0, 2.0], [3.0, 1.0, 0.0, 4.0]].into_dyn());
    let error = table.one_hot("colour", &colours[..1]).unwrap_err();
    assert_eq!(error.message(), "line 2, column `colour`: `red` is none of the classes `blue`");
}

#[test]
fn missing_values_are_named_left_out_filled_or_kept() {
    for missing in ["", "NA", "nan", "NaN", "null", "?", "  "] {
        let table = table(&format!("x,z,y\n1,2,0\n{missing},3,1\n4,5,1\n"));
        let data = |choice| table.clone().missing(choice).valued::<f64>("y");
        let error = data(Missing::Refuse).unwrap_err();
        assert_eq!(error.message(), "line 3, column `x`: the value is missing");
        assert_eq!(data(Missing::Drop).unwrap().features().unwrap(), &array![[1.0, 2.0], [4.0, 5.0]].into_dyn());
        let filled = array![[1.0, 2.0], [-1.0, 3.0], [4.0, 5.0]].into_dyn();
        assert_eq!(data(Missing::Fill(-1.0)).unwrap().features().unwrap(), &filled);
        let kept = data(Missing::Keep).unwrap();
        assert!(kept.features().unwrap()[[1, 0]].is_nan());
    }
}

#[test]
fn a_missing_label_is_never_filled() {
    let table = table("x,y\n1,0\n2,NaN\n");
    for choice in [Missing::Refuse, Missing::Fill(0.0), Missing::Keep] {
        let table = table.clone().missing(choice);
        let message = "line 3, column `y`: the value is missing";
        assert_eq!(table.valued::<f64>("y").unwrap_err().message(), message);
        assert_eq!(table.labelled::<f64>("y", &["0".into()]).unwrap_err().message(), message);
    }
    assert_eq!(table.missing(Missing::Drop).valued::<f64>("y").unwrap().len(), 1);
}

#[test]
fn what_is_no_number_is_named_with_its_line() {
    let message = |text: &str| table(text).valued::<f64>("y").unwrap_err().message().to_owned();
    assert_eq!(message("x,y\n1,2\n\n1.5.2,3\n"), "line 4, column `x`: `1.5.2` is not a number");
    assert_eq!(message("x,y\n1,2\ninf,3\n"), "line 3, column `x`: `inf` is not finite");
    assert_eq!(message("x,y\n1,1e999\n"), "line 2, column `y`: `1e999` is not finite");
    // A field over several lines: the row is named by where it begins.
    assert_eq!(message("x,y\n\"1\n2\",3\n"), "line 2, column `x`: `1\n2` is not a number");
    assert_eq!(message("x,y\n"), "there are no rows");
    let all_missing = table("x,y\n,1\n").missing(Missing::Drop);
    assert_eq!(all_missing.valued::<f64>("y").unwrap_err().message(), "there are no rows without a missing value");
}

#[test]
fn ragged_rows_bad_bytes_and_doubled_columns_are_errors_of_the_file() {
    let error = refused("x,y\n1,2\n3,4,5\n");
    assert_eq!((error.kind(), error.message()), (ErrorKind::File, "line 3 has 3 fields; the first line has 2"));
    let error = Csv::new().from_reader(b"x,y\n1,2\n3,\xff\n".as_slice()).unwrap_err();
    assert_eq!(error.message(), "line 3, field 2: the bytes are not UTF-8");
    assert_eq!(refused("x,y,x\n1,2,3\n").message(), "there are two columns `x`");
    assert_eq!(refused("").message(), "the table is empty");
    let error = Csv::new().read("no/such/file.csv").unwrap_err();
    assert_eq!((error.kind(), error.operands()), (ErrorKind::File, &["the file no/such/file.csv".to_owned()][..]));
    let error = table("x,y\n1,2\n").without(["z"]).unwrap_err();
    assert_eq!(error.message(), "there is no column `z`");
    assert!(error.to_string().contains("the columns are `x`, `y`"), "{error}");
}

#[test]
fn another_delimiter_is_recognised() {
    for (delimiter, said) in [
        (';', "`Csv::new().delimiter(b';')`"),
        ('\t', "`Csv::new().delimiter(b'\\t')`"),
        ('|', "`Csv::new().delimiter(b'|')`"),
    ] {
        let text = "a,b,kind\n1,2,red\n3,4,blue\n".replace(',', &delimiter.to_string());
        let table = table(&text);
        let errors = [
            table.valued::<f64>("kind").unwrap_err(),
            table.classes("kind").unwrap_err(),
            table.features::<f64>().unwrap_err(),
            // A comma in the numbers makes fields of a line, and not of the header.
            refused(&text.replace('1', "1,5")),
        ];
        for error in errors {
            assert!(error.help().unwrap_or_default().contains(said), "{error}");
        }
    }
    let error = table("x;y,z\n1,2\n").classes("a").unwrap_err();
    assert_eq!(error.help(), Some("the columns are `x;y`, `z`"));
}

#[test]
fn a_target_of_words_is_one_of_classes() {
    let table = table("a,b\n1,red\n2,blue\n");
    let error = table.valued::<f64>("b").unwrap_err();
    assert_eq!(error.message(), "line 2, column `b`: `red` is not a number");
    let help = error.help().unwrap();
    assert!(help.contains("`labelled(\"b\", &table.classes(\"b\")?)`") && !help.contains("one_hot"), "{help}");
    let help = table.valued::<f64>("a").unwrap_err().help().unwrap().to_owned();
    assert!(help.contains("one_hot(\"b\"") && !help.contains("labelled"), "{help}");
}

/// Every prefix of a table, and every table with one bit flipped, is a table or an error.
#[test]
fn damaged_tables_never_panic() {
    let text = "a,b,class\n1,\"x,\"\"y\",red\n-2e3,z,blue\n".as_bytes();
    let damaged = (0..text.len()).map(|n| text[..n].to_vec());
    let flipped = (0..8 * text.len()).map(|bit| {
        let mut bytes = text.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let mut read = 0;
    for bytes in damaged.chain(flipped) {
        let Ok(table) = Csv::new().from_reader(bytes.as_slice()) else { continue };
        read += 1;
        let _ = table.features::<f64>();
        for name in table.names() {
            let _ = table.valued::<f32>(name);
            let _ = table.labelled::<f64>(name, &table.classes(name).unwrap());
        }
    }
    assert!(read > 100, "{read}");
}
