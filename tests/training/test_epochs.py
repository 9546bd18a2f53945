"""Stretches: every step once, epochs where they were, no change of the network within a call of fit."""

import pytest

from keras_resnets.training.epochs import Stretch, stretches


@pytest.mark.parametrize("start", range(24))
@pytest.mark.parametrize("ends", [(), (10,), (5, 17)])
def test_every_step_is_done_once_in_its_epoch(start, ends):
    found = stretches(start, 23, 5, ends)
    position = start
    for stretch in found:
        assert stretch.start == position
        assert stretch.epoch == position // 5
        position += stretch.epochs * stretch.steps
        assert not [end for end in ends if stretch.start < end < position]
        assert (position % 5 == 0) or position == 23 or position in ends
    assert position == max(start, 23)


def test_whole_epochs_are_one_call():
    assert stretches(0, 20, 5) == [Stretch(0, 0, 4, 5)]
    assert stretches(7, 23, 5) == [Stretch(7, 1, 1, 3), Stretch(10, 2, 2, 5), Stretch(20, 4, 1, 3)]
    assert stretches(23, 23, 5) == []
