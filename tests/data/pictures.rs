//! Pictures as SVG: well-formed, with a mark for each number, and colours for light and dark.

use ndarray::{Array2, array};
use nn::metric::Confusion;
use nn::picture::{Chart, HeatMap};
use nn::{Dataset, History, synthetic};

/// That tags close in order and nothing else is markup: a reader of XML in few lines.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "{}", &rest[..start]);
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<') && tag.matches('"').count().is_multiple_of(2), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    assert!(svg.contains("prefers-color-scheme:dark") && !svg.contains("NaN") && !svg.contains("inf"));
    for part in svg.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|entity| part.starts_with(entity)), "{part}");
    }
}

#[test]
fn a_chart_has_a_mark_for_each_number() {
    let curve = (0..20).map(|i| (f64::from(i), f64::from(i * i)));
    let chart =
        Chart::new("a < b & \"c\"\u{1}").axes("x", "y").line("line", curve).points("", [(3.0, 5.0), (7.0, 90.0)]);
    let svg = chart.to_svg();
    assert_well_formed(&svg);
    assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (1, 2));
    assert!(svg.contains("a &lt; b &amp; &quot;c&quot; "));
    // Round numbers at the axes.
    for tick in [">0<", ">5<", ">10<", ">15<", ">100<", ">200<", ">300<"] {
        assert!(svg.contains(tick), "{tick}");
    }
}

#[test]
fn what_is_not_finite_interrupts_a_curve() {
    let points = [(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, f64::INFINITY), (4.0, 5.0), (5.0, 6.0)];
    let svg = Chart::new("").line("", points).points("", points).to_svg();
    assert_well_formed(&svg);
    assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (3, 4));
    for empty in [
        Chart::new("empty"),
        Chart::new("one").points("", [(2.0, 2.0)]),
        Chart::new("").log_y().line("", [(1.0, -1.0)]),
    ] {
        assert_well_formed(&empty.to_svg());
    }
    // Numbers at the ends of their range.
    for x in [1e300, f64::MAX, f64::MIN_POSITIVE, -1e-300] {
        assert_well_formed(&Chart::new("").points("", [(x, 1.0), (0.0, x)]).to_svg());
        assert_well_formed(&Chart::new("").log_x().log_y().points("", [(x.abs(), 1.0), (1.0, x.abs())]).to_svg());
    }
}

/// The places of marks are proportional to numbers, or to their logarithms.
#[test]
fn places_follow_numbers() {
    let heights = |svg: &str| -> Vec<f64> {
        svg.split("cy=\"").skip(1).map(|part| part.split('"').next().unwrap().parse().unwrap()).collect()
    };
    let y = heights(&Chart::new("").points("", [(0.0, 1.0), (1.0, 2.0), (2.0, 4.0)]).to_svg());
    assert!(((y[0] - y[1]) * 2.0 - (y[1] - y[2])).abs() < 0.03 && y[0] > y[2], "{y:?}");
    let y = heights(&Chart::new("").log_y().points("", [(0.0, 1.0), (1.0, 10.0), (2.0, 1000.0)]).to_svg());
    assert!(((y[0] - y[1]) * 2.0 - (y[1] - y[2])).abs() < 0.03, "{y:?}");
}

#[test]
fn bars_stand_on_zero() {
    let svg = Chart::new("").bars("share", [("a", 0.5), ("b", 1.0), ("c", -0.25)]).to_svg();
    assert_well_formed(&svg);
    let heights: Vec<f64> = svg
        .lines()
        .filter(|line| line.starts_with("<rect class=\"fill0\"") && !line.contains("height=\"10\""))
        .map(|line| line.split("height=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(heights.len(), 3);
    assert!(
        (heights[1] - 2.0 * heights[0]).abs() < 0.03 && (heights[0] - 2.0 * heights[2]).abs() < 0.03,
        "{heights:?}"
    );
}

#[test]
fn a_boundary_colours_the_plane_by_the_class_that_is_predicted() {
    let data = Dataset::<f64>::labelled([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], vec![0, 1, 1]).unwrap();
    // The class is whether the first feature is positive.
    let chart = Chart::boundary("", &data, |x| {
        Ok(x.columns().into_iter().next().map_or(array![[0.0]].into_dyn(), |x| {
            x.mapv(|x| f64::from(x > 0.0)).insert_axis(ndarray::Axis(1)).into_dyn()
        }))
    });
    let svg = chart.unwrap().to_svg();
    assert_well_formed(&svg);
    // One band in each of 80 rows, to the middle, and another one from there.
    let bands = |class: &str| -> Vec<(f64, f64)> {
        let number =
            |line: &str, name: &str| line.split(name).nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        let lines = svg.lines().filter(|line| line.starts_with(&format!("<rect class=\"ground {class}\"")));
        lines.map(|line| (number(line, " x=\""), number(line, "width=\""))).collect()
    };
    assert_eq!(bands("fill0"), vec![(72.0, 274.0); 80]);
    assert_eq!(bands("fill1"), vec![(346.0, 274.0); 80]);
    let wide = Dataset::<f64>::labelled([[1.0, 2.0, 3.0]], vec![0]).unwrap();
    assert!(Chart::boundary("", &wide, Ok).unwrap_err().to_string().contains("pictures.rs"));
    assert!(Chart::boundary("", &data, |_| Ok(Array2::zeros((3, 1)).into_dyn())).is_err());
}

#[test]
fn tables_are_as_dense_as_their_numbers() {
    let svg = HeatMap::new("", &array![[2.0, -1.0, 0.0, f64::NAN]]).to_svg();
    assert_well_formed(&svg);
    let cells: Vec<&str> = svg.lines().filter(|line| line.starts_with("<rect class=\"cell")).collect();
    assert!(cells[0].contains("fill0") && cells[0].contains("fill-opacity=\"1.000\""));
    assert!(cells[1].contains("fill1") && cells[1].contains("fill-opacity=\"0.500\""));
    assert!(cells[2].contains("fill-opacity=\"0.000\"") && cells[3].contains("fill-opacity=\"0.000\""));
    let confusion = Confusion::new(&[0, 1, 1, 2], &[0, 1, 2, 2]).unwrap();
    let svg = HeatMap::confusion("Digits", &confusion).to_svg();
    assert_well_formed(&svg);
    assert!(svg.contains("predicted class") && svg.matches("<rect class=\"cell").count() == 9);
    let filters: Vec<Array2<f32>> = (0..6).map(|i| Array2::from_elem((3, 3), i as f32 - 2.0)).collect();
    let svg = HeatMap::filters("", filters.iter().map(|filter| filter.view())).unwrap().to_svg();
    assert_well_formed(&svg);
    assert_eq!(svg.matches("<rect class=\"cell").count(), 54);
    assert!(HeatMap::filters::<f64>("", []).is_err());
    let (small, large) = (Array2::<f64>::zeros((2, 2)), Array2::zeros((3, 3)));
    assert!(HeatMap::filters("", [small.view(), large.view()]).is_err());
}

/// A number of an element of a picture.
fn attribute(element: &str, name: &str) -> f64 {
    let start = element.find(&format!(" {name}=\"")).unwrap_or_else(|| panic!("{name} of {element}")) + name.len() + 3;
    element[start..].split('"').next().unwrap().parse().unwrap()
}

/// Cells lie side by side in their frame, numbers in the middle of their cells, and names at the middle of rows and columns.
#[test]
fn names_and_numbers_stand_at_their_cells() {
    let confusion = Confusion::new(&[0, 1, 1, 2, 2, 2], &[0, 1, 2, 2, 2, 2]).unwrap();
    let svg = HeatMap::confusion("Digits", &confusion).to_svg();
    let elements = |start: &str| svg.lines().filter(|line| line.starts_with(start)).collect::<Vec<_>>();
    let (cells, texts) = (elements("<rect class=\"cell"), elements("<text"));
    let frame = svg.lines().find(|line| line.starts_with("<rect class=\"axis paper")).unwrap();
    let near = |found: f64, expected: f64| (found - expected).abs() < 0.02;
    let (left, top, side) = (attribute(frame, "x") + 0.5, attribute(frame, "y") + 0.5, attribute(cells[0], "width"));
    assert!(near(attribute(frame, "width"), 3.0 * side + 1.0) && near(attribute(frame, "height"), 3.0 * side + 1.0));
    let stands = |text: &str, x: f64, y: f64| {
        texts.iter().any(|line| {
            line.ends_with(&format!(">{text}</text>")) && near(attribute(line, "x"), x) && near(attribute(line, "y"), y)
        })
    };
    for (i, cell) in cells.iter().enumerate() {
        let (row, column) = (i / 3, i % 3);
        let (x, y) = (left + column as f64 * side, top + row as f64 * side);
        assert!(near(attribute(cell, "x"), x) && near(attribute(cell, "y"), y), "{cell}");
        let count = confusion.counts()[[row, column]].to_string();
        assert!(stands(&count, x + side / 2.0, y + side / 2.0 + 4.0), "{count} in row {row}, column {column}:\n{svg}");
        assert!(stands(&column.to_string(), x + side / 2.0, top + 3.0 * side + 16.0), "column {column}:\n{svg}");
        assert!(stands(&row.to_string(), left - 8.0, y + side / 2.0 + 4.0), "row {row}:\n{svg}");
    }
}

#[test]
fn a_history_is_drawn_with_its_validation() {
    let data = synthetic::moons::<f64>(60, 0.1, 1).unwrap();
    let mut model = nn::Dense::new(2, 2, nn::Init::Xavier, &mut nn::Random::new(0));
    let mut history = History::new();
    let trainer = nn::Trainer::new(nn::Adam::new(0.05)).epochs(5).validation_split(0.3).observe(&mut history);
    trainer.fit(&mut model, nn::loss::softmax_cross_entropy, &data).unwrap();
    let svg = Chart::history(&history, "loss").unwrap().to_svg();
    assert_well_formed(&svg);
    assert!(svg.matches("<polyline").count() == 2 && svg.contains("validation loss"));
    assert!(Chart::history(&history, "accuracy").is_err());
}
