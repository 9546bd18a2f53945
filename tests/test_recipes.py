"""The pages in recipes/: they say what their papers did."""

import runpy
from pathlib import Path

import pytest

from keras_resnets.recipe import Recipe
from keras_resnets.training.schedules import learning_rate

RECIPES = Path(__file__).parents[1] / "recipes"


@pytest.fixture(autouse=True)
def beside_one_another(monkeypatch):
    """As in `python recipes/PAGE.py`, pages can import one another."""
    monkeypatch.syspath_prepend(RECIPES)


def page(name):
    return runpy.run_path(str(RECIPES / name))


def test_cifar_resnet_is_he_et_al_2015():
    recipe = page("cifar_resnet.py")["recipe"]()
    assert recipe.model == "ResNet20"
    assert (recipe.steps, recipe.data.batch_size, recipe.data.validation) == (64_000, 128, 0.1)
    assert (recipe.optimizer.momentum, recipe.optimizer.weight_decay, recipe.optimizer.nesterov) == (0.9, 1e-4, False)
    assert recipe.optimizer.clipping is None
    rate = learning_rate(recipe.schedule, recipe.steps)
    assert [float(rate(step)) for step in (0, 32_000, 48_000)] == pytest.approx([0.1, 0.01, 0.001])


def test_only_the_deepest_nets_warm_up():
    recipe = page("cifar_resnet.py")["recipe"]
    rate = learning_rate(recipe("ResNet110").schedule, 64_000)
    assert [float(rate(step)) for step in (0, 399, 400)] == pytest.approx([0.01, 0.01, 0.1])
    assert recipe("ResNet56").schedule.warmup_steps == 0


def test_digits_are_not_mirrored():
    recipe = page("cifar_resnet.py")["recipe"]
    assert (recipe().augment.crop_padding, recipe().augment.flip) == (4, True)
    assert (recipe(name="digits").augment.crop_padding, recipe(name="digits").augment.flip) == (1, False)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.py")), ids=lambda path: path.name)
def test_every_page_has_a_header_and_gives_a_recipe(path):
    found = page(path.name)
    assert len(found["__doc__"].splitlines()) >= 4
    assert f"python recipes/{path.name}" in found["__doc__"]
    assert isinstance(found["recipe"](), Recipe)


def test_degradation_watches_the_test_images_and_keeps_the_warm_up():
    recipe = page("cifar_degradation.py")["recipe"]
    assert recipe().data.watch == "test"
    assert recipe("PlainNet110").schedule.warmup_steps == 400
