"""Models as ONNX graphs, written with the `onnx` package and checked with ONNX Runtime (both are the extra `onnx`)."""
