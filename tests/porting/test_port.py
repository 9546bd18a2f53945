"""Ported networks give the numbers of their origin."""

from pathlib import Path

import keras
import numpy as np
import pytest

import keras_resnets
from keras_resnets.data import datasets, pipeline
from keras_resnets.evaluation import evaluate
from keras_resnets.models.preprocessing import normalized
from keras_resnets.porting import cifar_resnets
from keras_resnets.porting.port import port
from keras_resnets.porting.rename import collect
from keras_resnets.recipe import Data

SHARED = Path(__file__).parents[3] / "shared" / "data"


def state_dict(tmp_path, prefix=""):
    """A file such as PyTorch users have: a random ResNet-20 under akamaster's names."""
    network = keras_resnets.ResNet20(classifier_activation=None)
    random = np.random.RandomState(0)
    for weight in network.weights:
        weight.assign(weight.numpy() + random.uniform(0, 0.1, weight.shape))
    arrays = collect(network, cifar_resnets.pairs(network))
    arrays |= {"bn1.num_batches_tracked": np.array(7)}
    np.savez(tmp_path / "weights.npz", **{prefix + name: array for name, array in arrays.items()})
    return network, tmp_path / "weights.npz"


@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_file_takes_pixels_and_gives_the_networks_logits(tmp_path, prefix):
    network, path = state_dict(tmp_path, prefix)
    ported = port(path, "akamaster", "ResNet20", tmp_path / "out" / "resnet20.keras")
    assert (ported.arrays, ported.parameters) == (98, 269_722)
    pixels = np.random.RandomState(1).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    mean, deviation = cifar_resnets.MEAN, cifar_resnets.DEVIATION
    expected = network.predict(((pixels - mean) / deviation).astype("float32"), verbose=0)
    loaded = keras.models.load_model(ported.output)
    np.testing.assert_allclose(loaded.predict(pixels, verbose=0), expected, rtol=1e-4, atol=1e-4)


def test_without_preprocessing_it_holds_the_network_alone(tmp_path):
    network, path = state_dict(tmp_path)
    port(path, "akamaster", "ResNet20", tmp_path / "bare.keras", preprocessing=False)
    loaded = keras.models.load_model(tmp_path / "bare.keras")
    images = np.random.RandomState(1).normal(size=(2, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(loaded.predict(images, verbose=0), network.predict(images, verbose=0))


def test_weights_that_do_not_fit_write_nothing(tmp_path):
    _, path = state_dict(tmp_path)
    with pytest.raises(ValueError, match=r"60 faults, nothing was changed(.|\n)*missing: stage3_block5/branch/bn2"):
        port(path, "akamaster", "ResNet32", tmp_path / "resnet32.keras")
    assert [file.name for file in tmp_path.iterdir()] == ["weights.npz"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "nowhere.npz"}, r"`path` names no file: 'nowhere\.npz'"),
        ({"output": "x.h5"}, r"`output` must end in \.keras, got 'x\.h5'"),
        ({"source": "elsewhere"}, r"`source` must be one of .*akamaster.*, got 'elsewhere'"),
        ({"model": "ResNet21"}, r"`name` must be a constructor .* got 'ResNet21'\. Did you mean ResNet"),
    ],
)
def test_bad_arguments_are_refused_by_name(tmp_path, changes, message):
    _, path = state_dict(tmp_path)
    arguments = {"path": path, "source": "akamaster", "model": "ResNet20", "output": tmp_path / "x.keras"}
    with pytest.raises(ValueError, match=message):
        port(**arguments | changes)


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "weights.npz").write_bytes(b"not an archive")
    with pytest.raises(ValueError, match=r"must be an \.npz of plain arrays"):
        port(tmp_path / "weights.npz", "akamaster", "ResNet20", tmp_path / "x.keras")


def test_a_pickle_inside_an_archive_is_not_opened(tmp_path):
    np.savez(tmp_path / "weights.npz", array=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match=r"must be an \.npz of plain arrays"):
        port(tmp_path / "weights.npz", "akamaster", "ResNet20", tmp_path / "x.keras")


def test_a_deviation_of_zero_is_refused():
    with pytest.raises(ValueError, match=r"`deviation` must be positive, got 0\.0 at least"):
        normalized(keras.Input((8, 8, 3)), 0, [1, 0, 1])


# Top-1 in PyTorch on the JPEG copy of the 10,000 test images, as shared/data/README.md states it.
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data: third-party weights and CIFAR-10")
@pytest.mark.parametrize(
    ("depth", "top1"), [(20, 0.8118), pytest.param(56, 0.8311, marks=pytest.mark.slow)], ids=["ResNet20", "ResNet56"]
)
def test_akamasters_networks_keep_their_accuracy(tmp_path, depth, top1):
    weights = SHARED / "weights" / f"akamaster_resnet{depth}_cifar10.npz"
    port(weights, "akamaster", f"ResNet{depth}", tmp_path / "ported.keras")
    network = keras.models.load_model(tmp_path / "ported.keras")
    dataset = datasets.load(Data(name="cifar10", directory=str(SHARED / "tfds"), normalization="none"))
    batches = pipeline.evaluation(dataset.test, 200)
    result, _ = evaluate(network.predict_on_batch, batches, dataset.class_names)
    assert result.n == 10_000
    assert abs(result.top1 - top1) <= 2e-4
    assert "stored as JPEG" in dataset.note
