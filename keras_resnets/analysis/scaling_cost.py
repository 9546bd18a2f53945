"""What data parallelism costs: the time to sum gradients over GPUs, and what share of their speed is left.

A step on n GPUs takes what it takes on one, plus the part of the sums that does not hide behind the backward pass. All
inputs are published figures, none is ours; `docs/distributed.md` says how far off the model is where a paper published
an efficiency.
"""

import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True, kw_only=True)
class Network:
    """What one GPU does in a step, without any sum over GPUs."""

    name: str
    parameters: int
    """Trainable: each has a gradient."""
    images: int
    """Of one GPU in one step."""
    step_seconds: float
    """Forward, backward and update of one GPU."""
    source: str
    """Who measured `step_seconds`, where, on what."""
    small_sums: int = 0
    """Sums a step of a few kB, one after the other, that the next layer waits for: Keras makes five for each
    synchronized batch norm, of moments and count forward, of the moments' gradients backward."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Hosts of equal GPUs."""

    name: str
    gpus_per_host: int = 8
    within: float
    """Bytes a second that each GPU sends on a ring within the host: what nccl-tests calls bus bandwidth."""
    across: float
    """Bytes a second of all network cards of a host in one direction, as sold: 100 Gb/s is 12.5e9."""
    used: float = 0.8
    """Share of `across` that an all-reduce attains, in (0, 1]; 0.8 is our assumption."""


@dataclass(frozen=True)
class Cost:
    """One step of `gpus` GPUs."""

    network: str
    cluster: str
    gpus: int
    images: int
    """Of all GPUs in one step."""
    gradient_bytes: int
    """That each GPU holds and all sum."""
    sum_seconds: float
    """The sum of the gradients, were nothing else going on."""
    exposed_seconds: float
    """What all sums add to the step."""
    step_seconds: float
    efficiency: float
    """Share of `gpus` times one GPU's speed, in (0, 1]."""
    images_per_second: float
    images_per_second_host: float
    """What the input of one host must deliver."""

    def to_dict(self):
        """Plain data, for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Latency:
    """Seconds of a collective that carries nothing: to start, per hop within a host, per hop across hosts."""

    start: float
    within: float
    across: float


# NCCL's own tuning model: NVIDIA/nccl, src/graph/tuning.cc, commit 01afd20, rows NVLINK and NET.
RING = Latency(8.4e-6, 3.4e-6, 9.6e-6)
"""Ring, protocol "simple"."""
TREE = Latency(4.4e-6, 1.2e-6, 8.5e-6)
"""Tree, protocol "LL128"."""
SMALL = Latency(4.4e-6, 0.52e-6, 5.0e-6)
"""Tree, protocol "LL": what a few kB take."""
TREE_SHARE = 0.9 * 0.915
"""Of the bandwidth of a ring, that trees attain."""
BACKWARD = 2 / 3
"""Share of a step in the backward pass: two products where the forward pass has one."""


def scaling_cost(network, cluster, gpus, bytes_per_gradient=4, overlap="none", images=None):
    """The `Cost` of a step on `gpus` GPUs of `cluster`.

    bytes_per_gradient: 4 for float32, 2 for bfloat16. overlap: `none`, the sum starts when the backward pass is over
        (TensorFlow's default, all gradients in one pack); `full`, it hides behind the whole backward pass: a bound.
    images: of one GPU, None is the network's; time is taken to be proportional, which flatters small numbers.
    Raises ValueError for GPUs that do not fill whole hosts, and for an unknown `overlap`.
    """
    per_host = cluster.gpus_per_host
    if gpus < 1 or (gpus > per_host and gpus % per_host):
        raise ValueError(
            f"scaling_cost: `gpus` must be 1 to {per_host} or a multiple of the {per_host} of a host, got {gpus}."
        )
    if overlap not in ("none", "full"):
        raise ValueError(f"scaling_cost: `overlap` must be 'none' or 'full', got {overlap!r}.")
    images = network.images if images is None else images
    alone = network.step_seconds * images / network.images
    size = network.parameters * bytes_per_gradient
    total = sum_seconds(size, cluster, gpus)
    hidden = BACKWARD * alone if overlap == "full" else 0.0
    exposed = max(0.0, total - hidden) + network.small_sums * small_sum_seconds(cluster, gpus)
    step = alone + exposed
    speed = images * gpus / step
    return Cost(
        network=network.name,
        cluster=cluster.name,
        gpus=gpus,
        images=images * gpus,
        gradient_bytes=size,
        sum_seconds=total,
        exposed_seconds=exposed,
        step_seconds=step,
        efficiency=alone / step,
        images_per_second=speed,
        images_per_second_host=speed * min(gpus, per_host) / gpus,
    )


def sum_seconds(size, cluster, gpus):
    """Seconds until `gpus` GPUs hold the sum of their `size` bytes: on a ring or on trees, whichever is faster.

    A ring sends 2 (n - 1) / n of the bytes in 2 (n - 1) hops (Patarasuk and Yuan 2009, the bandwidth's lower bound);
    two binary trees over hosts send twice the bytes in 2 log2(hosts) hops (Sanders et al. 2009). The slowest link sets
    the pace; between hosts, all GPUs of a host share its network cards.
    """
    if gpus == 1:
        return 0.0
    hosts, each = _hosts(cluster, gpus)
    pace = cluster.within if hosts == 1 else min(cluster.within, cluster.across * cluster.used)
    hops = 2 * (hosts - 1)
    ring = 2 * (gpus - 1) / gpus * size / pace
    ring += RING.start + hops * RING.across + (2 * (gpus - 1) - hops) * RING.within
    return min(ring, 2 * size / (pace * TREE_SHARE) + _tree_latency(TREE, hosts, each))


def small_sum_seconds(cluster, gpus):
    """Seconds of a sum of so few bytes that only latency counts."""
    return 0.0 if gpus == 1 else _tree_latency(SMALL, *_hosts(cluster, gpus))


def step_seconds(multiply_adds, images, flops):
    """Seconds of a training step by arithmetic: forward and twice that backward, two operations a multiply-add.

    multiply_adds: of one image at the size it is trained at. images: of one GPU. flops: operations a second that the
    GPU attains, as another network showed it.
    """
    return 3 * 2 * multiply_adds * images / flops


def _tree_latency(latency, hosts, each):
    return latency.start + 2 * ((each - 1) * latency.within + math.log2(hosts) * latency.across)


def _hosts(cluster, gpus):
    """(hosts, GPUs used of each)."""
    return math.ceil(gpus / cluster.gpus_per_host), min(gpus, cluster.gpus_per_host)
