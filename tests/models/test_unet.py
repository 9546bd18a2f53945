"""UNet: the original, padded, and around other networks."""

import keras
import numpy as np
import pytest

from keras_resnets import MobileNetV2, ResNet20, UNet, UNetSame, UNetSameBN, Xception
from keras_resnets.models.unet import with_encoder

TINY = {"widths": (4, 8, 16, 16, 16)}


def images(height, width, channels=3):
    return np.random.RandomState(0).normal(size=(2, height, width, channels)).astype("float32")


def answer(model, x):
    return np.array(model(x, training=False))


def test_valid_convolutions_give_388_of_572_px():
    model = UNet(**TINY)
    assert model.input_shape == (None, 572, 572, 1)
    assert model.output_shape == (None, 388, 388, 2)
    assert [model.get_layer(f"encoder{level}").output.shape[1] for level in range(1, 6)] == [568, 280, 136, 64, 28]


def test_the_smallest_image_gives_four_pixels():
    assert UNet(input_shape=(188, 188, 1), **TINY).output_shape == (None, 4, 4, 2)
    with pytest.raises(ValueError, match="sides of at least 188 px"):
        UNet(input_shape=(187, 188, 1), **TINY)
    assert UNet(widths=(4, 8), input_shape=(18, 18, 1)).output_shape == (None, 2, 2, 2)


def test_each_pixel_of_the_original_sees_the_same_neighborhood():
    """Valid convolutions know no border: moved by a multiple of 16 px, the answer moves along."""
    scene = images(220, 220, 1)
    model = UNet(input_shape=(204, 204, 1), **TINY)
    here, there = (answer(model, scene[:, y : y + 204, y : y + 204]) for y in (0, 16))
    np.testing.assert_allclose(here[:, 16:, 16:], there[:, :-16, :-16], atol=1e-6)


@pytest.mark.parametrize("create", [UNetSame, UNetSameBN])
@pytest.mark.parametrize(("height", "width"), [(32, 48), (37, 51), (1, 3)])
def test_padded_it_answers_for_every_pixel_of_any_size(create, height, width):
    fixed, free = (create(input_shape=shape, **TINY) for shape in ((height, width, 3), (None, None, 3)))
    assert fixed.output_shape == (None, height, width, 1)
    free.set_weights(fixed.get_weights())
    x = images(height, width)
    np.testing.assert_allclose(answer(free, x), answer(fixed, x), atol=1e-6)


def test_one_class_is_a_probability_by_itself():
    mask = answer(UNetSame(input_shape=(16, 16, 3), **TINY), images(16, 16))
    assert 0 < mask.min() < mask.max() < 1
    mask = answer(UNetSame(input_shape=(16, 16, 3), classes=3, **TINY), images(16, 16))
    np.testing.assert_allclose(mask.sum(-1), 1, rtol=1e-5)


def test_at_initialization_each_level_keeps_its_signal():
    """The paper's section 3: a deviation of sqrt(2 / N), so that two convolutions with ReLU keep the second moment."""
    model = UNet(widths=(32, 32, 32), dropout=0.0, input_shape=(64, 64, 1))
    levels = [layer for layer in model.layers if isinstance(layer, keras.Sequential)]
    ends = keras.Model(model.input, [[layer.input, layer.output] for layer in levels])
    pairs = ends(images(64, 64, 1), training=False)
    assert len(pairs) == 5
    for taken, given in pairs:
        assert 0.4 < float(np.square(given).mean() / np.square(taken).mean()) < 2.5


def test_dropout_is_at_the_end_of_the_way_down():
    names = [layer.name for layer in UNet(**TINY).layers if isinstance(layer, keras.layers.Dropout)]
    assert names == ["encoder4_dropout", "encoder5_dropout"]


def test_a_residual_network_is_its_encoder_with_its_weights():
    encoder = ResNet20(include_top=False, input_shape=(None, None, 3))
    model = with_encoder(encoder, classes=3)
    assert model.get_layer("stage2_block1") is encoder.get_layer("stage2_block1")
    ours = {id(weight) for weight in model.weights}
    assert all(id(weight) in ours for weight in encoder.weights)
    skips = [model.get_layer(f"decoder{level}_concat").input[0] for level in (2, 1)]
    assert [skip.name for skip in skips] == [encoder.get_layer(f"stage{s}_block3").output.name for s in (2, 1)]
    for height, width in ((32, 32), (33, 30)):
        mask = answer(model, images(height, width))
        assert mask.shape == (2, height, width, 3)
        np.testing.assert_allclose(mask.sum(-1), 1, rtol=1e-5)


def test_it_learns_to_segment_and_is_saved(tmp_path):
    x = images(16, 16)
    y = (x.mean(-1, keepdims=True) > 0).astype("float32")
    model = with_encoder(ResNet20(include_top=False, blocks=(1, 1, 1), input_shape=(16, 16, 3)))
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy", run_eagerly=True)
    losses = model.fit(x, y, epochs=15, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(answer(loaded, x), answer(model, x))


@pytest.mark.parametrize(
    ("create", "levels"),
    [(MobileNetV2, 5), pytest.param(Xception, 5, marks=pytest.mark.slow)],
)
def test_networks_that_stride_at_the_stem_are_encoders_too(create, levels):
    model = with_encoder(create(include_top=False, input_shape=(75, 96, 3)), widths=(16, 16, 8, 8, 4))
    assert sum(layer.name.endswith("_up") for layer in model.layers) == levels
    assert answer(model, images(75, 96)).shape == (2, 75, 96, 1)


def test_what_is_no_encoder_is_refused():
    with pytest.raises(ValueError, match=r"must end in a feature map.*include_top=False"):
        with_encoder(ResNet20())
    with pytest.raises(ValueError, match=r"`widths` must be 2 numbers.*strides \[2, 1\].*got \(8,\)"):
        with_encoder(ResNet20(include_top=False), widths=(8,))
    flat = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, padding="same")])
    with pytest.raises(ValueError, match="must make its maps smaller"):
        with_encoder(flat)
