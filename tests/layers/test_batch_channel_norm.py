"""Batch-channel normalization gives the reference's numbers in both of its forms, and a group has one scale."""

from pathlib import Path

import keras
import numpy as np
import pytest

from keras_resnets.layers import BatchChannelNorm, WSConv2D

GOLDEN = Path(__file__).parents[2] / "../shared/reference/golden"


def golden(name):
    path = GOLDEN / f"{name}.npz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of ../shared/reference/golden")
    with np.load(path) as archive:
        return {key: archive[key] for key in archive.files}


def images(channels=8):
    return np.random.default_rng(0).normal(0.5, 2, (4, 5, 6, channels)).astype("float32")


def layer_of(files, **options):
    layer = BatchChannelNorm(int(files["groups"]), epsilon=float(files["eps"]), **options)
    layer.build((None, None, None, len(files["bn_gamma"])))
    layer.bn.gamma.assign(files["bn_gamma"])
    layer.bn.beta.assign(files["bn_beta"])
    layer.group_gamma.assign(files["group_gamma"].ravel())
    layer.group_beta.assign(files["group_beta"].ravel())
    return layer


def test_large_batches_are_normalized_by_themselves_as_in_the_reference():
    files = golden("bcn_layer")
    x, expected = (np.moveaxis(files[key], 1, -1) for key in ("x_nchw", "y_largebatch"))
    y = layer_of(files)(x, training=True)
    np.testing.assert_allclose(y, expected, atol=1e-5 * np.abs(expected).max())


def test_micro_batches_are_normalized_by_moved_averages_as_in_the_reference():
    files = golden("bcn_layer")
    x, expected = (np.moveaxis(files[key], 1, -1) for key in ("x_nchw", "y_estimate"))
    layer = layer_of(files, moving_speed=float(files["moving_speed"]))
    layer.bn.moving_mean.assign(files["running_mean0"])
    layer.bn.moving_variance.assign(files["running_var0"])
    y = layer(x, training=True)
    np.testing.assert_allclose(y, expected, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(layer.bn.moving_mean, files["running_mean1"], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(layer.bn.moving_variance, files["running_var1"], rtol=1e-5)
    np.testing.assert_array_equal(layer(x, training=False), y)


def test_the_kernels_beside_it_are_standardized_as_in_the_reference():
    files = golden("bcn_ws_conv")
    kernel, expected = (np.transpose(files[key], (2, 3, 1, 0)) for key in ("weight_oihw", "standardized"))
    convolution = WSConv2D(kernel.shape[-1], 3, standardization="unbiased", use_bias=False)
    convolution.build((None, 8, 8, kernel.shape[2]))
    convolution.kernel.assign(kernel)
    np.testing.assert_allclose(convolution.standardized_kernel(), expected, atol=2e-6)


def test_each_group_of_each_sample_is_standardized():
    y = np.asarray(BatchChannelNorm(4)(images(), training=True)).reshape(4, 5, 6, 4, 2)
    np.testing.assert_allclose(y.mean(axis=(1, 2, 4)), 0, atol=1e-5)
    np.testing.assert_allclose(y.var(axis=(1, 2, 4)), 1, atol=1e-4)


def test_a_group_has_one_scale_and_one_shift():
    layer = BatchChannelNorm(4)
    layer.build((None, 5, 6, 8))
    assert {w.path.rsplit("/", 1)[-1]: tuple(w.shape) for w in layer.trainable_weights} == {
        "gamma": (8,),
        "beta": (8,),
        "group_gamma": (4,),
        "group_beta": (4,),
    }


def test_at_the_end_of_a_branch_it_starts_silent():
    assert not np.asarray(BatchChannelNorm(2, group_gamma_initializer="zeros")(images(), training=True)).any()


def test_inference_and_a_frozen_layer_leave_the_averages():
    layer = BatchChannelNorm(2, moving_speed=0.5)
    layer(images())
    before = np.array(layer.bn.moving_mean)
    layer(images(), training=False)
    layer.trainable = False
    layer(images(), training=True)
    np.testing.assert_array_equal(layer.bn.moving_mean, before)


def test_under_half_precision_its_statistics_are_whole():
    x = images() + 100
    whole = np.asarray(BatchChannelNorm(4)(x, training=True))
    half = np.asarray(BatchChannelNorm(4, dtype="mixed_float16")(x, training=True), "float32")
    np.testing.assert_allclose(half, whole, atol=0.2)


def test_what_it_refuses():
    with pytest.raises(ValueError, match="`groups` must be at least 1, got 0"):
        BatchChannelNorm(0)
    with pytest.raises(ValueError, match=r"`moving_speed` must be None or in \(0, 1\], got 0"):
        BatchChannelNorm(2, moving_speed=0.0)
    with pytest.raises(ValueError, match="`groups` must divide the channels, got 3 for 8 channels"):
        BatchChannelNorm(3).build((None, 4, 4, 8))


def test_it_learns_in_a_compiled_step():
    model = keras.Sequential([keras.Input((5, 6, 8)), BatchChannelNorm(4, moving_speed=0.1), keras.layers.Flatten()])
    before = model.get_weights()
    model.compile("sgd", "mse")
    model.train_on_batch(images(), np.random.default_rng(1).normal(size=(4, 240)).astype("float32"))
    weights = zip(model.weights, before, strict=True)
    assert not [weight.path for weight, old in weights if np.array_equal(weight, old)]
