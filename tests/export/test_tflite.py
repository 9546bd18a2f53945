import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from keras_resnets.export import ExportUnsupported, tflite


def test_a_file_takes_one_image_as_images_and_returns_probabilities_alone(artifact):
    interpreter = Interpreter(str(artifact.path("tflite")))
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["images"], "outputs": ["probabilities"]}}
    (image,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert image["shape"].tolist() == [1, 8, 8, 1] and image["dtype"] is np.float32
    assert result["shape"].tolist() == [1, 10] and result["dtype"] is np.float32


def test_a_file_is_the_same_bytes_when_written_again(artifact, trained, tmp_path):
    tflite.write_tflite(trained, tmp_path / "again.tflite")
    assert (tmp_path / "again.tflite").read_bytes() == artifact.path("tflite").read_bytes()


def test_conversion_is_silent(trained, tmp_path, capfd):
    tflite.write_tflite(trained, tmp_path / "model.tflite")
    tflite.open_tflite(tmp_path / "model.tflite").run(np.zeros((1, 8, 8, 1)))
    assert capfd.readouterr() == ("", "")


class Strange(keras.layers.Layer):
    def call(self, x):
        return keras.ops.erfinv(keras.ops.tanh(x))


class Noisy(keras.layers.Layer):
    def call(self, x):
        return x + keras.random.normal((1, 8, 8, 16))


class Looping(keras.layers.Layer):
    def call(self, x):
        return keras.ops.while_loop(lambda y: keras.ops.max(y) < 1e3, lambda y: (2 * y + 1,), (x,))[0]


class Training(keras.layers.BatchNormalization):
    def call(self, x, training=None):
        return super().call(x, training=True)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lambda: Strange(name="block_2"), r"no builtin op for Erfinv in layer block_2\. Write the layer"),
        (
            lambda: keras.Sequential([keras.layers.ReLU(), Strange(name="strange")], name="branch"),
            r"Erfinv in layer branch/strange\.",
        ),
        (lambda: Noisy(name="noisy"), r"StatelessRandomNormalV2 in layer noisy"),
        (lambda: Looping(name="looping"), r"must be one graph, got 3"),
        (lambda: Training(name="training"), r"ASSIGN_VARIABLE writes a variable: a layer runs in training mode"),
    ],
)
def test_what_a_phone_cannot_run_is_refused_with_its_op_and_layer(make_network, tmp_path, layer, message):
    with pytest.raises(ExportUnsupported, match=message):
        tflite.write_tflite(make_network([layer()]), tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())
