"""Files of others, read and written whole: every network's weights there and back are the same."""

import h5py
import keras
import numpy as np
import pytest

import keras_resnets
from keras_resnets.porting.port import port, port_back
from keras_resnets.porting.sources import SOURCES, arrays_for, fill_from, read_arrays, table, write_arrays


def randomize(model, seed=0):
    """Every weight another number, so that none can be mistaken for another."""
    random = np.random.RandomState(seed)
    for weight in model.weights:
        weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return model


TINY = {
    "timm": [
        ("ResNet18", {"input_shape": (32, 32, 3)}),
        ("nf_resnet26", {"blocks": (1, 1, 1, 1), "input_shape": (32, 32, 3)}),
    ],
    "torchvision": [("DenseNet121", {"blocks": (1, 1, 1, 1), "input_shape": (32, 32, 3)})],
    "akamaster": [("ResNet20", {})],
    "deepmind": [("nf_resnet50_dm", {"blocks": (1, 1, 1, 1), "input_shape": (32, 32, 3)})],
    "keras": [("MobileNetV2", {"input_shape": (32, 32, 3)})],
}


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize(("source", "name", "options"), [(s, *row) for s, rows in TINY.items() for row in rows])
def test_there_and_back_is_exact(source, name, options, suffix, tmp_path):
    model = randomize(keras_resnets.create_model(name, **options))
    arrays = arrays_for(model, source)
    assert len(arrays) == len(model.weights)
    write_arrays(tmp_path / f"x{suffix}", arrays)
    twin = keras_resnets.create_model(name, **options)
    assert fill_from(twin, tmp_path / f"x{suffix}", source) == len(arrays)
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_keras_file_goes_to_timm_and_back(tmp_path):
    model = randomize(keras_resnets.ResNet18(input_shape=(32, 32, 3), classes=5, classifier_activation=None))
    model.save(tmp_path / "ours.keras")
    there = port_back(tmp_path / "ours.keras", "timm", tmp_path / "theirs.safetensors")
    assert there.arrays == len(model.weights)
    assert {"conv1.weight", "layer4.1.bn2.running_var", "fc.bias"} <= set(read_arrays(there.output, "timm"))
    options = {"input_shape": (32, 32, 3), "classes": 5}
    back = port(there.output, "timm", "ResNet18", tmp_path / "again.keras", preprocessing=False, **options)
    again = keras.models.load_model(back.output)
    for ours, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_h5_of_keras_applications(tmp_path):
    reference = randomize(keras.applications.MobileNetV2(weights=None, input_shape=(32, 32, 3), alpha=1.0))
    with h5py.File(tmp_path / "theirs.h5", "w") as file:
        for weight in reference.weights:
            layer, name = weight.path.split("/")
            name = "depthwise_kernel" if "depthwise" in layer and name == "kernel" else name
            file[f"{layer}/{layer}/{name}:0"] = weight.numpy()
    model = keras_resnets.MobileNetV2(input_shape=(32, 32, 3))
    assert fill_from(model, tmp_path / "theirs.h5", "keras") == len(reference.weights)
    in_memory = keras_resnets.MobileNetV2(input_shape=(32, 32, 3))
    fill_from(in_memory, reference, "keras")
    for one, other in zip(model.get_weights(), in_memory.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_refused_says_the_way_out(tmp_path):
    with pytest.raises(ValueError, match=r"port: `path` must end in \.npz, \.safetensors, \.h5, got .*numpy\.savez"):
        (tmp_path / "x.pth").write_bytes(b"")
        read_arrays(tmp_path / "x.pth", "timm")
    with pytest.raises(ValueError, match=r"port: `path` must be an .safetensors of plain arrays, but .* can't be read"):
        (tmp_path / "x.safetensors").write_bytes(b"no header")
        read_arrays(tmp_path / "x.safetensors", "timm")
    with pytest.raises(ValueError, match=r"port: `output` must end in \.safetensors or \.npz"):
        write_arrays(tmp_path / "x.bin", {})
    with pytest.raises(ValueError, match=r"port: keras has no table of names for resnet20"):
        table(keras_resnets.ResNet20(blocks=(1, 1, 1)), "keras")
    with pytest.raises(ValueError, match=r"port_back: `path` must be a `.keras` file"):
        port_back(tmp_path / "x.pth", "timm", tmp_path / "y.npz")
    assert set(SOURCES) == {"akamaster", "timm", "torchvision", "deepmind", "keras"}
