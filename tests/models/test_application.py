"""What every constructor shares: features by stride, other names of fields, arguments that exclude each other."""

import keras
import numpy as np
import pytest

import keras_resnets


def test_features_come_by_stride_and_the_last_is_the_map_without_top():
    pyramid = keras_resnets.ResNet20(features_only=True, blocks=(1, 1, 1))
    assert {name: tensor.shape[1:] for name, tensor in pyramid.output.items()} == {
        "stride1": (32, 32, 16),
        "stride2": (16, 16, 32),
        "stride4": (8, 8, 64),
    }
    features = keras_resnets.ResNet20(include_top=False, blocks=(1, 1, 1))
    features.set_weights(pyramid.get_weights())
    x = np.random.RandomState(0).normal(size=(1, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(pyramid.predict(x, verbose=0)["stride4"], features.predict(x, verbose=0))


def test_features_of_free_sides_and_after_a_preprocessing_layer(tmp_path):
    free = keras_resnets.MobileNetV2(features_only=True, input_shape=(None, None, 3))
    assert list(free.output) == ["stride2", "stride4", "stride8", "stride16", "stride32"]
    start = keras.layers.Rescaling(1 / 255)(keras.Input((32, 32, 3)))
    model = keras_resnets.ResNet20(features_only=True, input_tensor=start, blocks=(1, 1, 1))
    assert list(model.output) == ["stride1", "stride2", "stride4"]
    model.save(tmp_path / "x.keras")
    assert list(keras.models.load_model(tmp_path / "x.keras").output) == list(model.output)


def test_timms_names_of_fields():
    model = keras_resnets.ResNet20(drop_path_rate=0.5, blocks=(1, 1, 2))
    assert model.get_layer("stage3_block2").stochastic_depth == 0.5
    model = keras_resnets.MobileNetV2(dropout=0.3, input_shape=(32, 32, 3))
    assert model.get_layer("dropout").rate == 0.3
    with pytest.raises(TypeError, match="ResNet20\\(\\) has no argument `drop_rate`"):
        keras_resnets.ResNet20(drop_rate=0.3)


def test_features_exclude_pooling():
    with pytest.raises(ValueError, match="ResNet20: `features_only` gives maps, so `pooling` must be None, got 'avg'"):
        keras_resnets.ResNet20(features_only=True, pooling="avg")


@pytest.mark.parametrize("mode", ["activations", "list_of_layers"])
def test_a_training_step_under_remat_gives_the_same_gradients(mode):
    """On TensorFlow `keras.RematScope` fails for layers that are told `training`: for "full", "larger_than" and whole
    blocks (keras#21207). Activations, and convolutions by name, work."""
    x = np.random.RandomState(0).normal(size=(4, 32, 32, 3)).astype("float32")
    weights = []
    for remat in (False, True):
        keras.utils.set_random_seed(0)
        scope = keras.RematScope(mode=mode, layer_names=["conv1"]) if remat else None
        if scope:
            with scope:
                model = keras_resnets.ResNet20(blocks=(1, 1, 1))
        else:
            model = keras_resnets.ResNet20(blocks=(1, 1, 1))
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
        model.train_on_batch(x, np.arange(4))
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
