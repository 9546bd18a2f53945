"""Fine-tuning: what trains when, how fast, and what stays as it was."""

import itertools

import keras
import numpy as np
import pytest

from keras_resnets.models import create_model
from keras_resnets.models.adaptation import SUFFIX
from keras_resnets.recipe import Recipe, override
from keras_resnets.training.assemble import compiled
from keras_resnets.training.fine_tuning import Phase, bring_back, enter, phases, rate_scales, stages, twin_of

NAMES = ("stem", "stage1", "stage2", "stage3")
TUNED = override(Recipe(steps=100), {"fine_tune.weights": "some.keras"})


def tuned(**changes):
    return override(TUNED, {f"fine_tune.{name}": value for name, value in changes.items()})


def network_of(recipe):
    return create_model("ResNet20", input_shape=(8, 8, 3), classes=3, classifier_activation=None, blocks=(1, 1, 1))


def model_of(recipe, phase=-1):
    """A compiled model of the recipe's twin, in one of its phases."""
    network = network_of(recipe)
    model, names = compiled(recipe, network), stages(network)
    plan = phases(recipe, names, epoch_steps=10)
    enter(recipe, model, plan, plan[phase].start)
    return model


def changed(model):
    """Paths of the weights that two steps move."""
    before = {weight.path: weight.numpy() for weight in model.weights}
    images = np.random.RandomState(0).uniform(size=(12, 8, 8, 3)).astype("float32")
    model.fit(images, np.arange(12) % 3, batch_size=6, verbose=0)
    return {weight.path for weight in model.weights if (weight.numpy() != before[weight.path]).any()}


def test_stages_are_named_from_the_bottom():
    assert stages(network_of(TUNED)) == NAMES
    small = create_model("MobileNetV3Small", input_shape=(32, 32, 3), classes=2)
    assert stages(small) == ("stem", "stage1", "stage2", "stage3", "stage4", "stage5", "final", "hidden")


def test_the_head_comes_first_then_stages_from_the_top():
    assert phases(TUNED, NAMES, 10) == (
        Phase(0, 20, ()),
        Phase(20, 50, ("stage3", "stage2")),
        Phase(50, 100, ("stage3", "stage2", "stage1", "stem")),
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"unfreeze": ()}, [(0, NAMES[::-1])]),
        ({"unfreeze": (0.33,)}, [(0, ()), (30, NAMES[::-1])]),  # rounded to epochs
        ({"unfreeze": (0.01, 0.02, 0.99)}, [(0, ("stage3", "stage2", "stage1"))]),  # the last begins after the end
        ({"method": "head"}, [(0, ())]),
        ({"frozen_stages": 3, "unfreeze": (0.5,)}, [(0, ()), (50, ("stage3",))]),
        ({"weights": None}, [(0, NAMES)]),
    ],
)
def test_phases_follow_the_recipe(changes, expected):
    found = phases(tuned(**changes), NAMES, 10)
    assert [(phase.start, phase.stages) for phase in found] == expected
    assert found[-1].end == 100
    assert all(one.end == two.start for one, two in itertools.pairwise(found))


def test_more_frozen_stages_than_there_are_is_an_error():
    with pytest.raises(ValueError, match=r"must be at most 4 for ResNet20 \(stem, stage1, stage2, stage3\), got 5"):
        phases(tuned(frozen_stages=5), NAMES, 10)


def test_in_the_first_phase_the_head_alone_moves_under_one_optimizer_for_all():
    model = model_of(TUNED, phase=0)
    assert changed(model) == {"predictions/kernel", "predictions/bias"}
    assert len(model.optimizer.velocities) == len(network_of(TUNED).trainable_variables)


def test_in_the_last_phase_all_moves_but_the_statistics():
    moved = changed(model_of(TUNED))
    assert moved == {weight.path for weight in network_of(TUNED).trainable_weights}


def test_statistics_move_only_where_asked_and_only_in_stages_that_train():
    recipe = tuned(batch_statistics="moving")
    assert not any("moving" in path for path in changed(model_of(recipe, phase=0)))
    upper = {path.split("/")[0] for path in changed(model_of(recipe, phase=1)) if "moving" in path}
    assert upper == {"stage2_block1", "stage3_block1"}


@pytest.mark.parametrize(
    ("method", "words"), [("ssf", (f"{SUFFIX}/scale", f"{SUFFIX}/shift")), ("batch_norm", ("/gamma", "/beta"))]
)
def test_the_small_methods_train_their_own_and_the_head(method, words):
    moved = changed(model_of(tuned(method=method)))
    body = {path for path in moved if not path.startswith("predictions")}
    assert body and all(path.endswith(words) for path in body)
    assert {"predictions/kernel", "predictions/bias"} <= moved
    assert {path.split("_")[0] for path in body} == set(NAMES)


def test_each_stage_learns_more_slowly_than_the_one_above():
    model = model_of(tuned(rate_factor=0.5))
    scales = model.optimizer.rate_scales
    assert scales["predictions/kernel"] == 1
    assert scales["stage3_block1/branch/conv1/kernel"] == 0.5
    assert scales["stem_conv/kernel"] == 0.5**4
    assert rate_scales(tuned(rate_factor=1.0), NAMES, ["stem_bn/gamma", "hidden/kernel"]) == {
        "stem_bn/gamma": 1,
        "hidden/kernel": 1,
    }


def test_what_the_twin_learned_comes_back():
    recipe = tuned(method="ssf")
    network = network_of(recipe)
    twin = twin_of(recipe, network)
    for weight in twin.weights:
        if SUFFIX in weight.path:
            weight.assign(weight.numpy() + 0.25)
    images = np.random.RandomState(0).uniform(size=(4, 8, 8, 3)).astype("float32")
    bring_back(recipe, twin, network)
    np.testing.assert_allclose(network(images), twin(images), rtol=1e-5, atol=1e-5)


def test_a_run_from_scratch_trains_the_network_itself():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    assert twin_of(Recipe(), network) is network
