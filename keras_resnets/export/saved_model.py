"""SavedModel: what TensorFlow and its servers load, without Keras."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_resnets.export.network import Opened
from keras_resnets.export.quiet import quiet

SIGNATURE = "serving_default"
INPUT = "images"
OUTPUTS = ("logits", "probabilities")


def write_saved_model(network, path, batch=None, outputs=OUTPUTS):
    """Writes `network` as a SavedModel with the signature `serving_default`: {images} -> {logits, probabilities}.

    batch: number of images of the signature; None for any. outputs: which of OUTPUTS the signature returns.
    `images` are float32 pixels (batch, height, width, channels), 0 to 255; the outputs are float32 (batch, classes).
    """
    images = tf.TensorSpec((batch, *network.input_shape[1:]), tf.float32, name=INPUT)
    archive = keras.export.ExportArchive()
    # The endpoint tracks the variables it uses. `archive.track(network)` would save the tree of layers too: ResNet-20
    # takes twice the bytes and more than twice the time then.
    archive.add_endpoint(SIGNATURE, _inference(network, outputs), input_signature=[images])
    with quiet():
        archive.write_out(str(path), verbose=False)


def open_saved_model(path, threads=None):
    """A SavedModel, `Opened`; TensorFlow chooses the threads."""
    with quiet():
        loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures[SIGNATURE]

    def run(images, _alive=loaded):  # the signature holds its variables only weakly
        return {
            key: value.numpy()
            for key, value in signature(**{INPUT: tf.constant(np.asarray(images, "float32"))}).items()
        }

    shape = tuple(signature.structured_input_signature[1][INPUT].shape[1:])

    def resized(height, width):
        if (height, width) != shape[:2]:
            raise ValueError(
                f"saved_model: {Path(path).name} takes images of {shape[0]}x{shape[1]} px only, got {height}x{width}. "
                "Use the .keras or .tflite file of the same network."
            )
        return opened

    opened = Opened(input_shape=shape, run=run, resized=resized)
    return opened


def _inference(network, outputs):
    def infer(images):
        # Layers such as Resizing switch those after them to training unless the call says otherwise (Keras 3.15).
        logits = keras.ops.cast(network(images, training=False), "float32")
        results = {"logits": logits, "probabilities": keras.ops.softmax(logits)}
        return {name: results[name] for name in outputs}

    return infer
