"""The grid of batch size and threshold: means over what did not diverge, nothing hidden."""

import json
from pathlib import Path

import pytest

from keras_resnets import plots
from keras_resnets.analysis.agc_sensitivity import Trial, agc_sensitivity

ROOT = Path(__file__).parents[2]
TRIALS = [Trial(1024, 0.04, 1.6, seed, top1, 0.1) for seed, top1 in enumerate((0.9, 0.8, None))] + [
    Trial(1024, None, 1.6, seed, None) for seed in range(3)
]


def test_cells_count_the_diverged_and_average_the_others():
    off, clipped = agc_sensitivity(TRIALS).cells
    assert (off.clipping, off.n, off.diverged, off.mean, off.deviation) == (None, 3, 3, None, None)
    assert (clipped.n, clipped.diverged, clipped.mean) == (3, 1, pytest.approx(0.85))
    assert clipped.deviation == pytest.approx(0.05 * 2**0.5)


def test_it_is_json_and_refuses_nothing_at_all():
    values = json.loads(json.dumps(agc_sensitivity(TRIALS).to_dict()))
    assert len(values["trials"]) == 6
    with pytest.raises(ValueError, match="`trials` must hold at least one, got none"):
        agc_sensitivity([])


def test_the_map_says_how_many_diverged():
    axes = plots.plot_agc_sensitivity(agc_sensitivity(TRIALS)).axes[0]
    words = {text.get_text() for text in axes.texts}
    assert words == {"85.0 %\n1 of 3 diverged", "3 of 3 diverged"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["off", "0.04"]


def test_our_measured_grid_shows_what_the_paper_claims():
    """Committed results: at the large batch the unclipped net diverges, and a clipped one trains."""
    path = ROOT / "recipes" / "results" / "nf-resnet20-digits-agc" / "agc_sensitivity.json"
    trials = [Trial(**values) for values in json.loads(path.read_text("utf-8"))["trials"]]
    cells = {(cell.batch_size, cell.clipping): cell for cell in agc_sensitivity(trials).cells}
    assert cells[1024, None].diverged >= 2
    assert cells[1024, 0.04].diverged == 0 and cells[1024, 0.04].mean > 0.8
    best = {
        size: max((c for (b, _), c in cells.items() if b == size and c.mean is not None), key=lambda c: c.mean).clipping
        for size in (256, 1024)
    }
    assert best[1024] < best[256]  # the larger batch wants the smaller threshold
