//! Models as ONNX files.
