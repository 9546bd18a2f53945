"""One device, two replicas and two workers with the same global batch: the same weights, averages and figures."""

import numpy as np
import pytest
from processes import run_on


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    """{kind of devices: {name: array}} of equality.py, run in processes of its own."""
    folder, found = tmp_path_factory.mktemp("equality"), {}
    for kind in ("one device", "replicas", "workers"):
        run_on(kind, "equality.py", str(folder / f"{kind}.npz"))
        with np.load(folder / f"{kind}.npz") as arrays:
            found[kind] = dict(arrays)
    return found


@pytest.mark.parametrize("kind", ["replicas", "workers"])
def test_weights_velocities_and_averages_are_equal_after_five_steps(states, kind):
    one, other = states["one device"], states[kind]
    assert one.keys() == other.keys()
    largest = 0.0
    for name, expected in one.items():
        if "/log " not in name:
            largest = max(largest, np.abs(other[name] - expected).max() / max(np.abs(expected).max(), 1.0))
    assert largest < 1e-6


@pytest.mark.parametrize("kind", ["replicas", "workers"])
def test_figures_are_equal_with_every_example_counted_once(states, kind):
    one, other = states["one device"], states[kind]
    for network in ("batch norm", "normalizer-free"):
        assert (one[f"{network}/log clipped_fraction"] > 0.2).all()  # clipping before the sum would show
        for name in ("loss", "top1", "gradient_norm", "clipped_fraction", "val_loss", "val_top1"):
            key = f"{network}/log {name}"
            np.testing.assert_allclose(other[key], one[key], rtol=1e-5, err_msg=key)


def test_two_workers_are_two_replicas_to_the_last_bit(states):
    for name, expected in states["replicas"].items():
        if "/log " not in name:
            np.testing.assert_array_equal(states["workers"][name], expected, err_msg=name)
