"""NFNets' augmentation: stronger for larger networks."""

import pytest

from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.recipe import Recipe


def test_levels_are_those_of_the_paper():
    settings = [nfnet_augment(level) for level in range(8)]
    assert [augment.rand_augment_level for augment in settings] == [5, 10, 10, 15, 15, 15, 15, 15]
    assert {augment.rand_augment for augment in settings} == {4}
    Recipe(augment=settings[0])  # within the schema's ranges


def test_an_unknown_level_is_refused():
    with pytest.raises(ValueError, match="`level` must be 0 to 7, got 8"):
        nfnet_augment(8)
