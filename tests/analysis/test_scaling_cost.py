"""The cost of summing gradients, by hand and at its limits; the page's tables are what the script prints."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest

from keras_resnets.analysis.scaling_cost import (
    RING,
    SMALL,
    Cluster,
    Network,
    scaling_cost,
    small_sum_seconds,
    step_seconds,
    sum_seconds,
)

ROOT = Path(__file__).parents[2]
NETWORK = Network(name="net", parameters=25_000_000, images=32, step_seconds=0.1, source="made up")
CLUSTER = Cluster(name="100 Gb/s", within=100e9, across=12.5e9, used=0.8)
GPUS = (1, 2, 8, 16, 64, 256, 1024)


def tables():
    """benchmarks/scaling_cost.py."""
    spec = importlib.util.spec_from_file_location("scaling_cost_tables", ROOT / "benchmarks/scaling_cost.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_ring_sends_all_but_a_share_twice():
    # Within a host: 7 of 8 shares of 100 MB twice at 100 GB/s, and 14 hops.
    assert sum_seconds(100e6, CLUSTER, 8) == pytest.approx(2 * 7 / 8 * 1e-3 + RING.start + 14 * RING.within)
    # Across two hosts: 15 of 16 shares twice at 10 GB/s; 2 of the 30 hops go through the network.
    hops = RING.start + 2 * RING.across + 28 * RING.within
    assert sum_seconds(100e6, CLUSTER, 16) == pytest.approx(2 * 15 / 16 * 1e-2 + hops)


def test_trees_take_over_where_a_ring_has_too_many_hops():
    ring_latency = 2 * 127 * RING.across  # of 128 hosts, without the hops within them
    assert sum_seconds(1e6, CLUSTER, 1024) < ring_latency
    assert small_sum_seconds(CLUSTER, 1024) == pytest.approx(SMALL.start + 2 * (7 * SMALL.within + 7 * SMALL.across))


def test_one_gpu_sums_nothing():
    cost = scaling_cost(replace(NETWORK, small_sums=265), CLUSTER, 1)
    assert (cost.sum_seconds, cost.exposed_seconds, cost.efficiency) == (0, 0, 1)
    assert cost.images_per_second == cost.images_per_second_host == pytest.approx(320)


def test_a_step_is_one_gpus_and_what_does_not_hide():
    slow = replace(CLUSTER, across=1.25e9)  # 1 GB/s: the sum takes 0.19 s, the backward pass 0.067 s
    none, full = (scaling_cost(NETWORK, slow, 16, overlap=overlap) for overlap in ("none", "full"))
    assert none.step_seconds == pytest.approx(0.1 + none.sum_seconds)
    assert full.step_seconds == pytest.approx(0.1 + none.sum_seconds - 0.1 * 2 / 3)
    assert scaling_cost(NETWORK, CLUSTER, 16, overlap="full").efficiency == 1
    assert none.images_per_second_host == pytest.approx(none.images_per_second / 2)


@pytest.mark.parametrize("overlap", ["none", "full"])
def test_more_gpus_never_gain_and_a_faster_network_never_loses(overlap):
    def shares(cluster, **options):
        return [scaling_cost(NETWORK, cluster, gpus, overlap=overlap, **options).efficiency for gpus in GPUS]

    slow, fast = replace(CLUSTER, across=3e9), replace(CLUSTER, across=50e9)
    assert shares(slow) == sorted(shares(slow), reverse=True)
    for worse, better in ((shares(slow), shares(fast)), (shares(slow), shares(slow, bytes_per_gradient=2))):
        assert all(a <= b for a, b in zip(worse, better, strict=True))
        assert worse[-1] < better[-1]


def test_small_sums_wait_one_after_the_other():
    plain, synchronized = (scaling_cost(replace(NETWORK, small_sums=n), CLUSTER, 64) for n in (0, 265))
    added = synchronized.step_seconds - plain.step_seconds
    assert added == pytest.approx(265 * small_sum_seconds(CLUSTER, 64))


def test_fewer_images_a_gpu_leave_less_to_hide_behind():
    half = scaling_cost(NETWORK, CLUSTER, 16, images=16)
    assert half.images == 256
    assert half.efficiency < scaling_cost(NETWORK, CLUSTER, 16).efficiency


def test_refuses_hosts_in_part_and_other_overlaps():
    with pytest.raises(ValueError, match="`gpus` must be 1 to 8 or a multiple of the 8 of a host, got 12"):
        scaling_cost(NETWORK, CLUSTER, 12)
    with pytest.raises(ValueError, match="`overlap` must be 'none' or 'full', got 'half'"):
        scaling_cost(NETWORK, CLUSTER, 16, overlap="half")


def test_a_step_by_arithmetic():
    assert step_seconds(4e9, 32, 24e12) == pytest.approx(6 * 4e9 * 32 / 24e12)


def test_results_are_plain_data():
    assert json.loads(json.dumps(scaling_cost(NETWORK, CLUSTER, 8).to_dict()))["gpus"] == 8


def test_the_tables_know_our_networks():
    from keras_resnets.models.nfnet import VARIANTS

    found, variants = tables(), [VARIANTS[f"nfnet_f{k}"] for k in range(6)]
    assert tuple(variant.parameters for variant in variants) == found.NFNETS
    assert tuple(variant.train_resolution for variant in variants) == found.TRAINED_AT
    spec = ROOT / "../shared/reference/spec.md"
    if spec.is_file():
        text = spec.read_text()
        assert all(f"{count:,}" in text for count in found.MULTIPLY_ADDS)


def test_a_published_efficiency_lies_between_no_overlap_and_full():
    goyal = next(row for row in tables().checks() if row[0].startswith("Goyal"))
    _, _, published, none, full = goyal
    assert none < published < full


def test_the_page_shows_what_the_script_prints(capsys, monkeypatch):
    module = tables()
    monkeypatch.setattr("sys.argv", ["scaling_cost.py"])
    module.main()
    printed = set(capsys.readouterr().out.splitlines())
    page = (ROOT / "docs/distributed.md").read_text()
    blocks = [part.split("<!-- end of")[0] for part in page.split("<!-- tables of benchmarks/scaling_cost.py")[1:]]
    rows = [line for block in blocks for line in block.splitlines() if line.startswith("|")]
    assert len(rows) > 40
    assert [row for row in rows if row not in printed] == []
