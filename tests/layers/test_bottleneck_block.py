"""What basic and bottleneck blocks do beyond the residual equation, where references differ."""

import numpy as np
import pytest

from keras_resnets.layers import BasicBlock, BottleneckBlock, PreactBottleneckBlock
from keras_resnets.layers.conventions import KERAS_RESNET_V2


def images(channels=8, side=6):
    return np.random.default_rng(0).normal(0, 1, (2, side, side, channels)).astype("float32")


def shapes(block):
    return {weight.path.split("/", 1)[1]: tuple(weight.shape) for weight in block.weights}


def test_a_subsampled_skip_is_of_the_input_and_not_of_its_activation():
    block = PreactBottleneckBlock(8, 2, shortcut="subsample")
    skip, residual = block.halves(images())
    np.testing.assert_array_equal(skip, images()[:, ::2, ::2])
    assert residual.shape == (2, 3, 3, 8)


def test_a_subsampled_skip_keeps_the_channels():
    with pytest.raises(ValueError, match="'subsample' keeps the channels, but this block turns 8 into 16"):
        PreactBottleneckBlock(16, 2, shortcut="subsample")(images())


def test_biases_of_keras_v2_stand_where_no_norm_follows():
    block = PreactBottleneckBlock(16, shortcut="projection", conventions=KERAS_RESNET_V2)
    block(images())
    assert {name for name in shapes(block) if name.endswith("bias")} == {"branch/conv3/bias", "shortcut/conv/bias"}


def test_a_senet_block_reduces_less_and_projects_wider():
    block = BottleneckBlock(16, 2, bottleneck=8, groups=2, reduce_first=2, shortcut="projection", shortcut_size=3)
    block(images())
    found = shapes(block)
    assert found["branch/conv1/kernel"] == (1, 1, 8, 4)
    assert found["branch/conv2/kernel"] == (3, 3, 2, 8)
    assert found["shortcut/conv/kernel"] == (3, 3, 8, 16)


@pytest.mark.parametrize("strided, middle", [("1x1", 3), ("3x3", 6)])
def test_v1_strides_first_and_v15_in_the_middle(strided, middle):
    block = BottleneckBlock(16, 2, strided=strided, shortcut="projection")
    x = images()
    block(x)
    for layer in block.branch.layers:
        x = layer(x)
        if layer.name == "conv1":
            assert x.shape[1] == middle
    assert x.shape[1] == 3


def test_relu_before_se_is_seen():
    plain, slip = (BasicBlock(8, se_filters=2, relu_before_se=value) for value in (False, True))
    plain(images())
    slip(images())
    slip.set_weights(plain.get_weights())
    _, residual = plain.halves(images())
    _, positive = slip.halves(images())
    assert np.asarray(residual).min() < 0 <= np.asarray(positive).min()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"reduce_first": 3}, r"`reduce_first` must divide `bottleneck` \(4\), got 3"),
        ({"shortcut_size": 2}, "`shortcut_size` must be odd and at least 1 px, got 2"),
        ({"groups": 3}, "`groups` must divide `bottleneck`, both at least 1, got 3 and 4"),
        ({"strided": "first"}, r"`strided` must be '3x3' \(v1.5\) or '1x1' \(v1\), got 'first'"),
    ],
)
def test_what_it_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        BottleneckBlock(16, **options)
