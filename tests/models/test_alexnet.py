"""AlexNet's two columns, its first weights and its shapes."""

import numpy as np
import pytest

from keras_resnets import AlexNet, AlexNet2012
from keras_resnets.layers import LocalResponseNormalization
from keras_resnets.models.alexnet import VARIANTS

SMALL = {"hidden": 16, "classes": 5}


def sides(model):
    return [layer.output.shape[1] for layer in model.layers if "_conv" in layer.name or "_pool" in layer.name]


def test_its_maps_have_the_papers_sizes():
    model = AlexNet2012(**SMALL)
    assert sides(model) == [55, 27, 27, 13, 13, 13, 13, 6]
    assert model.get_layer("flatten").output.shape == (None, 6 * 6 * 256)


def test_two_columns_see_half_of_the_channels_in_convolutions_2_4_and_5():
    model = AlexNet2012(**SMALL)
    depths = [model.get_layer(f"stage{stage}_conv").kernel.shape[2] for stage in range(1, 6)]
    assert depths == [3, 48, 256, 192, 192]


def test_a_column_answers_to_its_own_half_only():
    convolution = AlexNet2012(**SMALL).get_layer("stage2_conv")
    x = np.random.RandomState(0).normal(size=(1, 5, 5, 96)).astype("float32")
    other = np.concatenate([x[..., :48], 2 * x[..., 48:]], axis=-1)
    before, after = np.array(convolution(x)), np.array(convolution(other))
    np.testing.assert_allclose(after[..., :128], before[..., :128], atol=1e-6)
    assert np.abs(after[..., 128:] - before[..., 128:]).max() > 0.1


def test_its_first_weights_are_the_papers():
    """Section 5: normal with deviation 0.01; biases 1 in convolutions 2, 4 and 5 and the hidden layers, else 0."""
    model = AlexNet2012(**SMALL)
    biases = {layer.name: float(layer.bias.numpy().mean()) for layer in model.layers if hasattr(layer, "kernel")}
    ones = {"stage2_conv", "stage4_conv", "stage5_conv", "dense1", "dense2"}
    assert {name for name, bias in biases.items() if bias == 1} == ones
    assert {name for name, bias in biases.items() if bias == 0} == biases.keys() - ones
    for name in ("stage3_conv", "dense1"):
        assert np.std(model.get_layer(name).kernel.numpy()) == pytest.approx(0.01, rel=0.02)


def test_torchvisions_first_weights_are_uniform_by_fan_in():
    model = AlexNet(**SMALL)
    kernel, bias = model.get_layer("stage2_conv").get_weights()
    limit = 1 / np.sqrt(5 * 5 * 64)
    for values in (kernel, bias):
        assert 0.95 * limit < np.abs(values).max() <= limit


def test_other_references_are_one_field_away():
    norms = [
        [layer.k for layer in AlexNet2012(response_norm=norm, **SMALL).layers
         if isinstance(layer, LocalResponseNormalization)]
        for norm in ("paper", "caffe", None)
    ]  # fmt: skip
    assert norms == [[2, 2], [1, 1], []]


@pytest.mark.parametrize("key", VARIANTS)
def test_the_smallest_side_is_the_smallest(key):
    from keras_resnets.models import create_model

    smallest = VARIANTS[key].smallest
    model = create_model(key, include_top=False, input_shape=(smallest, smallest, 3), filters=(8,) * 5)
    assert model.output_shape == (None, 1, 1, 8)
    with pytest.raises(ValueError, match=f"sides of at least {smallest} px"):
        create_model(key, include_top=False, input_shape=(smallest - 1, smallest, 3))


def test_dense_layers_need_a_fixed_size_and_say_so():
    with pytest.raises(ValueError, match=r"fixed size.*`include_top=False`"):
        AlexNet(input_shape=(None, None, 3))


def test_groups_must_divide_the_filters():
    with pytest.raises(ValueError, match=r"five numbers that `groups` divides, got \(9, 8, 8, 8, 8\) and 2"):
        AlexNet2012(filters=(9, 8, 8, 8, 8))
