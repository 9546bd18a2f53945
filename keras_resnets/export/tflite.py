"""TFLite: what LiteRT runs on a phone. The only door to the converter and the interpreter."""

import re
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from keras_resnets.export.network import Opened
from keras_resnets.export.quiet import quiet
from keras_resnets.export.saved_model import INPUT, SIGNATURE, write_saved_model

NO_INFERENCE = {
    "CUSTOM": "is not built into LiteRT",
    "VAR_HANDLE": "keeps a variable: a layer runs in training mode",
    "ASSIGN_VARIABLE": "writes a variable: a layer runs in training mode",
    "READ_VARIABLE": "reads a variable: its weights were not frozen",
    "RANDOM_UNIFORM": "draws random numbers: a layer runs in training mode",
    "RANDOM_STANDARD_NORMAL": "draws random numbers: a layer runs in training mode",
}
"""Ops that no file of ours may have, and why."""


class ExportUnsupported(RuntimeError):
    """A network needs something that the runtime of a format lacks."""


def write_tflite(network, path):
    """Writes `network` as a float32 .tflite file.

    Its signature: `images` (1, height, width, channels), pixels 0 to 255, to `probabilities` (1, classes).
    Raises ExportUnsupported if it would need an op outside LiteRT's builtin ones, or isn't pure inference.
    """
    with tempfile.TemporaryDirectory() as folder:
        # Batch 1 and one output: phones' GPU compilers and MediaPipe take nothing else.
        write_saved_model(network, folder, batch=1, outputs=("probabilities",))
        content = convert(folder, [layer.name for layer in network._flatten_layers()])
    audit(content)
    Path(path).write_bytes(content)


def convert(folder, layers=()):
    """The SavedModel in `folder` as the bytes of a TFLite file of builtin ops; `layers` are the names to blame."""
    with quiet():
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert()
        except Exception as error:
            foreign = _foreign_ops(str(error), layers)
            if not foreign:
                raise
            raise ExportUnsupported(
                f"tflite: LiteRT has no builtin op for {'; '.join(foreign)}. Write the layer with other operations of "
                "keras.ops, or leave 'tflite' out of `formats`."
            ) from error


def audit(content):
    """Raises ExportUnsupported unless a TFLite file is pure inference: one graph, fixed shapes, builtin ops."""
    model = schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    ops = {names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes}
    for op in sorted(ops & set(NO_INFERENCE)):
        raise ExportUnsupported(f"tflite: the op {op} {NO_INFERENCE[op]}. The network must be pure inference.")
    if len(model.subgraphs) != 1:
        raise ExportUnsupported(
            f"tflite: the network must be one graph, got {len(model.subgraphs)}: "
            "a layer loops or branches on its values."
        )
    for tensor in model.subgraphs[0].tensors:
        if tensor.shapeSignature is not None and np.any(np.asarray(tensor.shapeSignature) < 0):
            raise ExportUnsupported(
                f"tflite: all shapes must be fixed, got {list(tensor.shapeSignature)} for {tensor.name.decode()}."
            )


def open_tflite(path, threads=1, size=None):
    """A .tflite file, `Opened` in LiteRT's interpreter on `threads` threads; images run one by one.

    size: (height, width) that its input is resized to, for graphs that pool at the end; None keeps the file's own.
    Raises ValueError where the graph takes no other size.
    """
    with quiet():
        interpreter = Interpreter(str(path), num_threads=threads)
        if size is not None:
            _resize(interpreter, size, Path(path).name)
        interpreter.allocate_tensors()
        signature = interpreter.get_signature_runner(SIGNATURE)
    (name,) = signature.get_output_details()

    def run(images):
        rows = [signature(**{INPUT: np.asarray(image, "float32")[None]})[name] for image in images]
        return {name: np.concatenate(rows)}

    return Opened(
        input_shape=tuple(int(side) for side in signature.get_input_details()[INPUT]["shape"][1:]),
        run=run,
        resized=lambda height, width: open_tflite(path, threads, (height, width)),
    )


def _resize(interpreter, size, file):
    (images,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    _, height, width, channels = images["shape"]
    try:
        interpreter.resize_tensor_input(images["index"], [1, *size, channels])
        interpreter.allocate_tensors()
        shape = interpreter.get_output_details()[0]["shape"]
    except (RuntimeError, ValueError) as error:
        shape = str(error).splitlines()[0]
    if not np.array_equal(shape, answer["shape"]):
        raise ValueError(
            f"tflite: {file} takes images of {height}x{width} px, and its graph can't be resized to "
            f"{size[0]}x{size[1]} ({shape}). Use the .keras file, which is rebuilt for any size."
        )


def _foreign_ops(text, layers):
    """From the converter's complaint, e.g. ["Erfinv in layer stage1_block1/strange"]."""
    found = re.findall(r"fused\[\"\w+:\", \"([^\"@]+)@[^\n]*?: 'tf\.(\w+)' op is neither", text)
    if not found:
        lists = re.findall(r"(?:Custom|TF Select|Flex) ops: ([^\n]+)", text)
        found = [("", op.strip()) for ops in lists for op in ops.split(",")]
    return list(dict.fromkeys(op + _layer(scope, layers) for scope, op in found))


def _layer(scope, layers):
    """The end of a sentence for the scope of an op, e.g. model_1/stage1_block1_1/conv1_1/Conv2D as Keras numbers it."""
    names = [re.sub(r"_\d+$", "", part) for part in scope.split("/")]
    known = "/".join(name for name in names[1:] if name in layers)
    return f" in layer {known}" if known else ""
