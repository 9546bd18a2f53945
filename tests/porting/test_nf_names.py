"""Names and shapes that the porting tables give are those of the references' own lists."""

from pathlib import Path

import pytest

from keras_resnets.models import create_model
from keras_resnets.porting import deepmind, timm_nf
from keras_resnets.porting.rename import collect

NAMES = Path(__file__).parents[2] / "../shared/reference/names"
LISTS = {
    "hk_params_regnet_B0": (deepmind, "nf_regnet_b0"),
    "hk_params_nf_ResNet50": (deepmind, "nf_resnet50_dm"),
    "hk_params_skipinit_ResNet50": (deepmind, "skipinit_resnet50"),
    "hk_params_fixup_ResNet50": (deepmind, "fixup_resnet50"),
    "hk_params_nfnet_F0": (deepmind, "nfnet_f0"),
    "hk_params_nfnet_F0+": (deepmind, "nfnet_f0_plus"),
    "timm_sd_nf_regnet_b1": (timm_nf, "nf_regnet_b1_timm"),
    "timm_sd_nf_resnet50": (timm_nf, "nf_resnet50"),
    "timm_sd_dm_nfnet_f0": (timm_nf, "nfnet_f0"),
}
QUICK = ("hk_params_regnet_B0", "hk_params_fixup_ResNet50", "timm_sd_nf_regnet_b1")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in LISTS]
)
def test_names_and_shapes_are_the_references(name):
    path = NAMES / f"{name}.tsv"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of ../shared/reference/names")
    porting, key = LISTS[name]
    rows = [line.split("\t") for line in path.read_text().splitlines() if line]
    expected = {"/".join(names): shape for *names, shape in rows}
    model = create_model(key)
    found = {source: str(array.shape) for source, array in collect(model, porting.pairs(model)).items()}
    assert found == expected


def test_a_network_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"deepmind.pairs: .* has no block of a normalizer-free network"):
        deepmind.pairs(create_model("cifar_resnet20_a"))
