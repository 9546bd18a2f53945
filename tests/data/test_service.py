"""tf.data service: the batches of a service on loopback are those computed here, in order, from any step."""

import socket

import numpy as np
import pytest
import tensorflow as tf

from keras_resnets.data import datasets, pipeline
from keras_resnets.data.examples import from_arrays, from_records
from keras_resnets.data.service import served
from keras_resnets.data.share import WHOLE, Share
from keras_resnets.recipe import Augment, Data, Recipe

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 8, 8, 3), dtype="uint8")
LABELS = np.arange(50) % 5
RECIPE = Recipe(data=Data(batch_size=8), augment=Augment(crop="inception", flip=True, erase=0.3))
service = tf.data.experimental.service


@pytest.fixture(scope="module")
def dispatcher():
    return service.DispatchServer()


@pytest.fixture(scope="module")
def address(dispatcher):
    worker = service.WorkerServer(service.WorkerConfig(dispatcher.target.removeprefix("grpc://")))
    yield dispatcher.target
    worker._stop()


def made(cached):
    records = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))
    streamed = from_records(records, lambda *record: record, 50, classes=5)
    examples = from_arrays(IMAGES, LABELS, classes=5) if cached else streamed
    return datasets.Dataset(
        name="made",
        class_names=tuple("abcde"),
        image_shape=(8, 8, 3),
        mean=np.zeros(3),
        deviation=np.ones(3),
        train=examples,
        validation=None,
        test=examples,
    )


@pytest.mark.parametrize(("cached", "start", "share"), [(True, 0, WHOLE), (False, 9, WHOLE), (False, 3, Share(1, 2))])
def test_a_service_changes_no_batch(address, cached, start, share):
    here, there = (
        list(pipeline.training(made(cached), RECIPE, start, share, service=place).take(8).as_numpy_iterator())
        for place in (None, address)
    )
    assert len(there) == 8
    for one, other in zip(here, there, strict=True):
        assert all(map(np.array_equal, one, other))


def test_batches_keep_their_shape_and_type(address):
    served_ = pipeline.training(made(True), RECIPE, service=address)
    assert served_.element_spec == pipeline.training(made(True), RECIPE).element_spec


def test_two_workers_are_noticed_before_a_batch_is_seen_twice():
    dispatcher = service.DispatchServer()
    workers = [service.WorkerServer(service.WorkerConfig(dispatcher.target.removeprefix("grpc://"))) for _ in range(2)]
    batches = served(tf.data.Dataset.range(5, 10_000), dispatcher.target, 5)
    seen = []
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)`--data-service` must have one worker"):
        seen += batches.as_numpy_iterator()
    assert len(workers) == 2 and seen == list(range(5, 5 + len(seen)))


def test_a_dispatcher_that_does_not_answer_is_an_error():
    with socket.socket() as taken:  # bound, and listening to nobody
        taken.bind(("localhost", 0))
        address = f"grpc://localhost:{taken.getsockname()[1]}"
        with pytest.raises(ConnectionError, match=rf"{address} does not answer: .* leave out `--data-service`"):
            pipeline.training(made(True), RECIPE, service=address)


@pytest.mark.parametrize("wrong", ["localhost:5000", "http://localhost:5000", "grpc://localhost", "grpc://host:x", ""])
def test_an_address_of_another_form_is_an_error(wrong):
    with pytest.raises(ValueError, match=r"`data_service` must be the address .*, grpc://HOST:PORT, got '"):
        pipeline.training(made(True), RECIPE, service=wrong)
