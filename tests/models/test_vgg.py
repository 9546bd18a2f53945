"""VGG's stages, and the signal that its first weights carry."""

import keras
import numpy as np
import pytest

from keras_resnets import VGG11, VGG11BN, VGG16, VGG19

SMALL = {"hidden": 16, "classes": 5, "input_shape": (64, 64, 3)}


@pytest.mark.parametrize(("create", "counts"), [(VGG11, "11222"), (VGG16, "22333"), (VGG19, "22444")])
def test_its_stages_have_the_papers_convolutions(create, counts):
    names = [layer.name for layer in create(include_top=False, input_shape=(32, 32, 3)).layers]
    assert "".join(str(sum(f"stage{stage}_conv" in name for name in names)) for stage in range(1, 6)) == counts


def test_batch_norm_comes_with_biases_kept():
    model = VGG11BN(include_top=False, input_shape=(32, 32, 3))
    assert model.get_layer("stage3_conv2").bias is not None
    assert model.get_layer("stage3_bn2").epsilon == 1e-5


def test_at_any_size_the_dense_layers_take_7_px():
    small, large = VGG11(**SMALL), VGG11(**(SMALL | {"input_shape": (96, 224, 3)}))
    assert small.get_layer("dense1").kernel.shape == large.get_layer("dense1").kernel.shape == (7 * 7 * 512, 16)
    assert VGG11(pool_to=None, **SMALL).get_layer("dense1").kernel.shape == (2 * 2 * 512, 16)


def test_at_initialization_the_signal_neither_dies_nor_explodes():
    """He et al. 2015, arXiv:1502.01852: a variance of 2 / fan keeps the second moment through every ReLU."""
    model = VGG19(include_top=False, input_shape=(32, 32, 3), widths=(64,) * 5)
    x = np.random.RandomState(0).normal(size=(8, 32, 32, 3)).astype("float32")
    last = keras.Model(model.input, model.get_layer("stage2_relu2").output)(x)
    first = keras.Model(model.input, model.get_layer("stage1_relu2").output)(x)
    assert 0.3 < float(np.square(last).mean() / np.square(first).mean()) < 3


def test_stages_and_widths_must_match():
    with pytest.raises(ValueError, match="`convolutions` and `widths` must be as many"):
        VGG11(widths=(8, 8))
