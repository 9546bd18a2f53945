"""The schema of a run: ranges, dotted paths, JSON and differences."""

import json

import pytest

from keras_resnets.recipe import Data, Recipe, Schedule, differences, from_dict, get, override, to_dict


def test_a_recipe_survives_json():
    recipe = Recipe(
        model="ResNet56",
        model_options={"shortcut": "B", "blocks": (1, 2, 3)},
        data=Data(name="folder:x"),
        epoch_steps=7,
    )
    assert from_dict(json.loads(json.dumps(to_dict(recipe)))) == recipe


def test_a_field_is_changed_by_its_dotted_path_and_nothing_else():
    recipe = override(Recipe(), {"schedule.peak": 0.05, "steps": 9})
    assert (get(recipe, "schedule.peak"), recipe.steps) == (0.05, 9)
    assert differences(Recipe(), recipe) == {"schedule.peak": (0.1, 0.05), "steps": (800, 9)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schedule.peek": 1}, r"No recipe field `schedule.peek`: Schedule has .* Did you mean `peak`\?"),
        ({"optimiser.momentum": 1}, r"No recipe field `optimiser.momentum`.* Did you mean `optimizer`\?"),
        ({"steps": 0}, r"`steps` must be at least 1, got 0\."),
        ({"schedule.drops": (0.75, 0.5)}, r"`schedule.drops` must rise within \(0, 1\): shares of the run, not steps"),
        ({"schedule.drops": (32_000,)}, r"shares of the run, not steps, got \(32000,\)"),
        ({"data.validation": 1.0}, r"`data.validation` must be in \[0, 1\); 0 holds out none, got 1.0"),
        ({"optimizer.clipping": 0.0}, r"`optimizer.clipping` must be positive, or None for no clipping, got 0.0"),
        ({"data.resize_ratio": 1.5}, r"`data.resize_ratio` must be in \(0, 1\], got 1.5"),
        (
            {"augment.crop_area": (0.5, 0.1)},
            r"`augment.crop_area` must be two rising shares in \(0, 1\], got \(0.5, 0.1\)",
        ),
        ({"augment.crop_scale": (480, 256)}, r"`augment.crop_scale` must be two rising numbers of px"),
        ({"augment.rand_augment_level": 30}, r"`augment.rand_augment_level` must be in \[0, 20\], got 30"),
        ({"augment.mixing": "nfnet"}, r"`augment.mixing nfnet` needs `augment.mixup` or `augment.cutmix` above 0"),
        ({"augment.cutmix": 2.0}, r"`augment.cutmix` must be in \[0, 1\]"),
        ({"fine_tune.unfreeze": (0.5, 0.2)}, r"`fine_tune.unfreeze` must rise within \[0, 1\)"),
        ({"fine_tune.rate_factor": 0.0}, r"`fine_tune.rate_factor` must be in \(0, 1\], got 0.0"),
        ({"fine_tune.method": "ssf"}, r"'ssf' trains a part of a trained network, so it needs `fine_tune.weights`"),
        (
            {"fine_tune.weights": "a.keras", "average.recalibrate": 3},
            r"`average.recalibrate` must be 0 while `fine_tune.batch_statistics` is 'frozen', got 3",
        ),
        ({"patience": 0}, r"`patience` must be at least 1 epoch"),
        ({"data.watch": "test", "patience": 3}, r"`patience` needs `data.watch validation`, got `test`: nothing is"),
        ({"schedule.warmup_steps": 900}, r"`schedule.warmup_steps` must be at most `steps` \(800\), got 900\."),
    ],
)
def test_what_is_out_of_range_is_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        override(Recipe(), changes)


def test_an_unknown_key_of_a_file_is_named():
    with pytest.raises(ValueError, match=r"No recipe field `peek`: Schedule has"):
        from_dict({"schedule": {"peek": 1}})


def test_parts_are_frozen():
    with pytest.raises(AttributeError):
        Schedule().peak = 1
