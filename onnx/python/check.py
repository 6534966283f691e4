"""Runs the models that the example `models` has written to a folder with onnxruntime, and compares the outputs with the
engine's: `check.py FOLDER`."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def main():
    folder, wrong = Path(sys.argv[1]), []
    models = sorted(folder.glob("*.onnx"))
    for path in models:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        opset = ", ".join(f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        for x_path in sorted(folder.glob(f"{path.stem}.x.*.npy")):
            x = np.load(x_path).astype({"tensor(float)": np.float32, "tensor(int64)": np.int64}[given.type])
            expected = np.load(str(x_path).replace(".x.", ".y."))
            (found,) = session.run(None, {given.name: x})
            differs = np.max(np.abs(found - expected)) / max(1.0, np.max(np.abs(expected)))
            print(f"{path.stem} (opset {opset}), {given.name} {given.shape}, {len(x)} examples: within {differs:.2g}")
            if found.shape != expected.shape or not differs < 1e-5:
                wrong.append(f"{path.stem}, {len(x)} examples: {differs}")
    if wrong or not models:
        sys.exit("\n".join(wrong) or "there are no models")


if __name__ == "__main__":
    main()
