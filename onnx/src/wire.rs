//! The messages of ONNX in the format of protocol buffers: of each the fields that are written here, with the numbers that
//! `onnx.proto` gives them.

/// Bytes of a message.
#[derive(Clone, Default, Debug)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn new() -> Self {
        Message::default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut x: u64) {
        while x >= 0x80 {
            self.0.push((x & 0x7f) as u8 | 0x80);
            x >>= 7;
        }
        self.0.push(x as u8);
    }

    fn tag(&mut self, field: u64, kind: u64) {
        self.varint(field << 3 | kind);
    }

    /// An integer; negative ones take ten bytes, as the format has it.
    pub(crate) fn integer(mut self, field: u64, x: i64) -> Self {
        self.tag(field, 0);
        self.varint(x.cast_unsigned());
        self
    }

    pub(crate) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.tag(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn message(self, field: u64, message: &Message) -> Self {
        self.bytes(field, &message.0)
    }

    pub(crate) fn float(mut self, field: u64, x: f32) -> Self {
        self.tag(field, 5);
        self.0.extend_from_slice(&x.to_le_bytes());
        self
    }
}

/// The types of elements (`TensorProto.DataType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Element {
    Single = 1,
    Integer = 7,
    Double = 11,
}

/// A length: fixed, or that of the examples.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Length {
    Fixed(usize),
    Examples,
}

/// An array with its numbers (`TensorProto`), whose elements lie in `bytes`, least byte first.
pub(crate) fn tensor(name: &str, element: Element, shape: &[usize], bytes: &[u8]) -> Message {
    let dims = shape.iter().fold(Message::new(), |message, length| message.integer(1, *length as i64));
    dims.integer(2, element as i64).text(8, name).bytes(9, bytes)
}

/// The name and the type of an array (`ValueInfoProto`).
pub(crate) fn value(name: &str, element: Element, shape: &[Length]) -> Message {
    let dims = shape.iter().fold(Message::new(), |message, length| {
        let dim = match length {
            Length::Fixed(length) => Message::new().integer(1, *length as i64),
            Length::Examples => Message::new().text(2, "n"),
        };
        message.message(1, &dim)
    });
    let tensor = Message::new().integer(1, element as i64).message(2, &dims);
    Message::new().text(1, name).message(2, &Message::new().message(1, &tensor))
}

/// An attribute of an operation (`AttributeProto`).
#[derive(Clone, Debug)]
pub(crate) struct Attribute(Message);

impl Attribute {
    pub(crate) fn float(name: &str, x: f32) -> Self {
        Attribute(Message::new().text(1, name).float(2, x).integer(20, 1))
    }

    pub(crate) fn integer(name: &str, x: i64) -> Self {
        Attribute(Message::new().text(1, name).integer(3, x).integer(20, 2))
    }

    pub(crate) fn graph(name: &str, graph: &Message) -> Self {
        Attribute(Message::new().text(1, name).message(6, graph).integer(20, 5))
    }

    pub(crate) fn integers(name: &str, xs: impl IntoIterator<Item = i64>) -> Self {
        let named = Message::new().text(1, name);
        Attribute(xs.into_iter().fold(named, |message, x| message.integer(8, x)).integer(20, 7))
    }
}

/// An application of an operation (`NodeProto`).
pub(crate) fn node(
    operation: &str,
    inputs: &[&str],
    outputs: &[&str],
    name: &str,
    attributes: &[Attribute],
) -> Message {
    let message = inputs.iter().fold(Message::new(), |message, input| message.text(1, input));
    let message = outputs.iter().fold(message, |message, output| message.text(2, output));
    let message = message.text(3, name).text(4, operation);
    attributes.iter().fold(message, |message, attribute| message.message(5, &attribute.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the format's documentation: field 1 with the integer 150 is 08 96 01, field 2 with "testing" is 12 07
    /// and its letters.
    #[test]
    fn fields_are_those_of_the_documentation_of_protocol_buffers() {
        assert_eq!(Message::new().integer(1, 150).into_bytes(), [0x08, 0x96, 0x01]);
        let text = [&[0x12, 0x07], b"testing".as_slice()].concat();
        assert_eq!(Message::new().text(2, "testing").into_bytes(), text);
        assert_eq!(Message::new().integer(1, -2).into_bytes().len(), 11);
    }
}
