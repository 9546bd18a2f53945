"""tf.data service: batches computed on other machines, in the order in which they would be computed here."""

import socket
import urllib.parse

import tensorflow as tf

SCHEME = "grpc"
PATIENCE = 30.0
"""Seconds to wait for the dispatcher to answer; TensorFlow alone would wait forever."""


def served(batches, address, start_step):
    """`batches`, the first of which is that of step `start_step`, computed by the service at `address`.

    address: of the service's dispatcher, `grpc://host:port`.
    The service must have one worker, which sees the files under the same paths: tf.data promises no order among several
    workers, each of which would compute every batch. So batches travel with their step, and one that is not that which
    is due stops the stream (InvalidArgumentError), as does a worker that was started anew; the run then goes on from
    its checkpoint. Not part of a recipe, for the batches are the same with and without.
    ValueError for an address of another form, ConnectionError where nobody answers.
    """
    _check(address)
    service = tf.data.experimental.service
    batches = batches.enumerate(start_step)
    batches = batches.apply(service.distribute(processing_mode=service.ShardingPolicy.OFF, service=address))
    rule = "train: `--data-service` must have one worker, started before the run. The step that came and the one due:"

    def in_order(due, numbered):
        step, batch = numbered
        with tf.control_dependencies([tf.debugging.Assert(tf.equal(step, due), [rule, step, due])]):
            return tf.nest.map_structure(tf.identity, batch)

    return batches.enumerate(start_step).map(in_order)


def _check(address):
    parts = urllib.parse.urlsplit(address)
    try:
        named = parts.scheme == SCHEME and parts.hostname and parts.port
    except ValueError:  # a port that is no number
        named = False
    if not named:
        raise ValueError(
            f"train: `data_service` must be the address of a tf.data service's dispatcher, {SCHEME}://HOST:PORT, got "
            f"{address!r}."
        )
    try:
        socket.create_connection((parts.hostname, parts.port), PATIENCE).close()
    except OSError as error:
        raise ConnectionError(
            f"train: `data_service` must be the address of a running dispatcher, {address} does not answer: {error}. "
            "Start it first, see docs/distributed.md, or leave out `--data-service`."
        ) from error
