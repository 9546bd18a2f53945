"""`output_stride`: strides become dilation, and the answer at the old places stays the same."""

import keras
import numpy as np
import pytest

import keras_resnets

# (name, options, output stride, step, place): every `step`-th pixel from `place` on is the strided network's.
# Even padding (PyTorch's) keeps the first pixel; TensorFlow's puts it one further at each stride.
EXACT = [
    ("ResNet20", {"blocks": (2, 2, 2)}, 1, 4, 0),
    ("cifar_resnet20_b", {"blocks": (1, 2, 2)}, 2, 2, 0),
    ("ResNet164V2", {"blocks": (1, 2, 1)}, 1, 4, 0),
    ("resnet18", {"blocks": (1, 1, 1, 2)}, 8, 4, 0),
    ("resnet50_v1", {"blocks": (1, 1, 1, 2)}, 8, 4, 0),
    ("nf_resnet26", {"blocks": (1, 1, 2, 2)}, 16, 2, 0),
    ("MobileNet", {}, 16, 2, 1),
]


@pytest.mark.parametrize(("name", "options", "output_stride", "step", "place"), EXACT)
def test_the_strided_network_is_a_sample_of_the_dilated_one(name, options, output_stride, step, place, tmp_path):
    options = {"include_top": False, "input_shape": (64, 64, 3), **options}
    strided = keras_resnets.create_model(name, **options)
    dilated = keras_resnets.create_model(name, output_stride=output_stride, **options)
    assert [w.path for w in dilated.weights] == [w.path for w in strided.weights]
    random = np.random.RandomState(0)
    dilated.set_weights([random.uniform(0, 0.2, w.shape) for w in strided.weights])
    strided.set_weights(dilated.get_weights())
    x = random.normal(size=(1, 64, 64, 3)).astype("float32")
    small, large = strided.predict(x, verbose=0), dilated.predict(x, verbose=0)
    assert large.shape[1] == 64 // output_stride
    np.testing.assert_allclose(large[:, place::step, place::step], small, rtol=1e-4, atol=1e-5 * np.abs(small).max())
    dilated.save(tmp_path / "x.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "x.keras").predict(x, verbose=0), large)


def test_a_stride_that_is_small_enough_stays():
    model = keras_resnets.ResNet20(output_stride=8, blocks=(1, 1, 1), include_top=False)
    assert model.output_shape == (None, 8, 8, 64)
    assert not any(getattr(layer, "dilated", False) for layer in model.layers)


def test_what_stands_before_the_network_stays_the_same_layer():
    images = keras.Input((32, 32, 3))
    normalization = keras.layers.Normalization(mean=[1, 2, 3], variance=[1, 1, 1])
    model = keras_resnets.ResNet20(
        input_tensor=normalization(images), output_stride=2, blocks=(1, 1, 1), include_top=False
    )
    assert normalization in model.layers
    assert model.output_shape == (None, 16, 16, 64)


def test_what_can_not_be_dilated_is_named():
    with pytest.raises(
        ValueError, match=r"ResNet20: `output_stride` must be None or one of \(1, 2, 4, 8, 16, 32\), got 3"
    ):
        keras_resnets.ResNet20(output_stride=3)
    with pytest.raises(ValueError, match=r"GoogLeNet: `output_stride` 8 would dilate .* can't be\. Take a larger one"):
        keras_resnets.GoogLeNet(output_stride=8)
