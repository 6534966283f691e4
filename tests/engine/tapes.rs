//! What a tape knows of itself.

use autodiff::Tape;

/// Whether a value was read is a question to the recording: a tape that was cleared holds a new one.
#[test]
fn values_that_were_read() {
    let mut tape = Tape::<f64>::new();
    for read in [false, true, false] {
        tape.clear();
        assert!(tape.is_empty() && !tape.was_read());
        let x = tape.input([1.0, 2.0]);
        let y = x.sum(..);
        if read {
            assert_eq!(y.item().unwrap(), 3.0);
        }
        assert_eq!(tape.was_read(), read);
    }
}
