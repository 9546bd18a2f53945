"""Checkpoints: exact, whole, and forgiving of a damaged newest one."""

import keras
import numpy as np
import pytest

from keras_resnets.layers import StochasticDepth
from keras_resnets.training import checkpoints
from keras_resnets.training.losses import CrossEntropy
from keras_resnets.training.optimizers import SGD
from keras_resnets.training.train_step import TrainingModel


def model(filters=4):
    inputs = keras.Input((4, 4, 1))
    x = StochasticDepth(0.5, name="drop")(keras.layers.Conv2D(filters, 3, name="conv")(inputs))
    x = keras.layers.BatchNormalization(name="bn")(x)
    outputs = keras.layers.Dense(2, name="predictions")(keras.layers.GlobalAveragePooling2D()(x))
    network = TrainingModel(inputs, outputs)
    network.compile(SGD(0.1, clipping=0.1), loss=CrossEntropy(), metrics=["accuracy"], average_decay=0.9)
    return network


def train(network, steps, seed=0):
    random = np.random.RandomState(seed)
    for _ in range(steps):
        network.train_on_batch(random.normal(size=(8, 4, 4, 1)).astype("float32"), random.randint(0, 2, 8))


def test_a_restored_run_goes_on_bit_for_bit(tmp_path):
    one = model()
    train(one, 3)
    checkpoints.save(tmp_path, 3, one)
    train(one, 3, seed=1)
    two = model()
    train(two, 1, seed=9)
    assert checkpoints.restore_newest(tmp_path, two) == (3, {})
    train(two, 3, seed=1)
    expected, found = checkpoints.state(one), checkpoints.state(two)
    assert any("seed" in name for name in expected)
    assert any("velocity" in name for name in expected)
    for name, variable in expected.items():
        np.testing.assert_array_equal(found[name].numpy(), variable.numpy(), err_msg=name)


def test_no_flipped_bit_goes_unnoticed(tmp_path):
    path = checkpoints.save(tmp_path, 1, model())
    content, random = path.read_bytes(), np.random.RandomState(0)
    for position in [0, len(content) - 1, *random.randint(0, len(content), 100)]:
        flipped = bytearray(content)
        flipped[position] ^= 1 << random.randint(8)
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match="its checksum does not fit"):
            checkpoints._read(path)


def test_a_new_checkpoint_outlives_damaged_ones_of_later_steps(tmp_path):
    network = model()
    for step in (10, 12, 16):
        checkpoints.path_of(tmp_path, step).write_bytes(b"")
    checkpoints.save(tmp_path, 4, network)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000004.npz"]
    assert checkpoints.newest(tmp_path) == 4


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(tmp_path, damage, caplog):
    network = model()
    train(network, 1)
    checkpoints.save(tmp_path, 1, network)
    path = checkpoints.save(tmp_path, 2, network)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    path.write_bytes({"truncated": content[: len(content) // 2], "empty": b""}.get(damage, content))
    assert checkpoints.restore_newest(tmp_path, model())[0] == 1
    assert f"{path} is damaged" in caplog.text


def test_only_the_newest_stay_and_nothing_half_written(tmp_path):
    network = model()
    for step in range(1, 6):
        checkpoints.save(tmp_path, step, network)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"step-{step:09d}.npz" for step in (3, 4, 5)]


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        checkpoints.write_atomically(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    checkpoints.save(tmp_path, 1, model())
    inputs = keras.Input((4, 4, 1))
    other = TrainingModel(inputs, keras.layers.Dense(2, name="other")(keras.layers.Flatten()(inputs)))
    other.compile(SGD(0.1), loss=CrossEntropy())
    with pytest.raises(ValueError, match=r"is of another network: \d+ names differ"):
        checkpoints.restore_newest(tmp_path, other)


def test_what_an_open_epoch_measured_comes_back(tmp_path):
    network = model()
    checkpoints.save(tmp_path, 7, network, {"seconds": np.asarray(1.5)})
    step, epoch = checkpoints.restore_newest(tmp_path, network)
    assert (step, list(epoch), float(epoch["seconds"])) == (7, ["seconds"], 1.5)


def test_a_weight_that_is_not_a_number_is_never_saved(tmp_path, caplog):
    network = model()
    checkpoints.save(tmp_path, 1, network)
    network.get_layer("conv").bias.assign(np.full(4, np.nan, "float32"))
    with pytest.raises(ValueError, match="conv/bias holds NaN or infinity"):
        checkpoints.save(tmp_path, 2, network)
    assert checkpoints.save_if_possible(tmp_path, 2, network) is None
    assert "The state after step 2 can't be saved" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001.npz"]
