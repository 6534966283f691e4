//! The page as a text: whole, closed to the network, and safe from what users call their tensors.

use autodiff::Tape;

#[test]
fn a_page_asks_nobody_for_anything() {
    for demo in stepper::demo::ALL {
        let page = stepper::html(&demo.trace().unwrap(), demo.title).unwrap();
        assert!(page.contains("default-src 'none'"));
        for request in ["http://", "https://", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket", "import("] {
            let allowed = ["http://www.w3.org/2000/svg"];
            let text = allowed.iter().fold(page.clone(), |text, known| text.replace(known, ""));
            assert!(!text.contains(request), "{}: {request}", demo.name);
        }
        assert!(!page.contains("{{"), "{}: a place was left", demo.name);
    }
}

#[test]
fn names_are_shown_and_not_run() {
    let tape = Tape::<f64>::new();
    let x = tape.input(1.0).named("</script><script>alert(1)</script>");
    let y = (x * 2.0).named("<img src=x onerror=alert(1)>");
    let page = stepper::html(&y.trace().unwrap(), "{{data}} <b>").unwrap();
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<img src=x"));
    assert!(page.contains("<title>{{data}} &lt;b&gt;</title>"));
}

#[test]
fn a_page_of_a_thousand_nodes_is_below_five_megabytes() {
    let tape = Tape::<f64>::new();
    let x = tape.input(ndarray::Array1::linspace(-1.0, 1.0, 200)).named("x");
    let y = (0..143).fold(x, |x, _| (x * 1.01 + 0.1).sin());
    let trace = y.sum(..).trace().unwrap();
    let nodes = trace.nodes().count();
    let page = stepper::html(&trace, "a chain").unwrap();
    assert!(nodes >= 1000 && page.len() < 5_000_000, "{nodes} nodes, {} bytes", page.len());
}
