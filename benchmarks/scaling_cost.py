"""The tables of docs/distributed.md that come from arithmetic: input rates, efficiencies, and the model's errors.

    python benchmarks/scaling_cost.py [--plot FILE.png]

Computes nothing heavy and measures nothing: see keras_resnets/analysis/scaling_cost.py. "*" marks a figure that was
quoted from memory of the paper and not looked up.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from keras_resnets import plots
from keras_resnets.analysis.scaling_cost import Cluster, Network, scaling_cost, step_seconds

GIGABIT = 1e9 / 8
BROCK = "Brock et al. 2021, table 3*"
"""arXiv:2102.06171: milliseconds of a step of 32 images on a V100."""
TIMM = "Wightman, one, times 8"
"""huggingface/pytorch-image-models, results/benchmark-train-amp-nhwc-pt112-cu113-rtx3090.csv."""
NVIDIA = "NVIDIA, all 8"
"""DeepLearningExamples, TensorFlow/Classification/ConvNets/resnet50v1.5, mixed precision and XLA, 256 images a GPU."""
RESNET50 = 25_557_032
NFNETS = (71_489_284, 132_634_256, 193_779_228, 254_924_200, 316_069_172, 377_214_144)
TRAINED_AT = (192, 224, 256, 320, 384, 416)
"""px."""
MULTIPLY_ADDS = (6_977_003_520, 17_437_921_280, 33_139_318_784, 67_944_292_352, 121_122_250_752, 169_498_382_336)
"""Of one image at TRAINED_AT."""
V100_SECONDS = (0.0567, 0.1339, 0.2263, 0.5245, 1.1906, 2.1771)
"""A step of 32 images."""
RTX3090 = (251.38, 101.59, 51.26, 24.56, 12.96, 9.76)
"""Images a second of dm_nfnet_f0 to f5."""
V100 = (
    Network(name="ResNet-50", parameters=RESNET50, images=32, step_seconds=0.0353, source=BROCK),
    *(
        Network(name=f"NFNet-F{k}", parameters=NFNETS[k], images=32, step_seconds=V100_SECONDS[k], source=BROCK)
        for k in range(6)
    ),
)
SYNCHRONIZED = replace(V100[0], name="ResNet-50, synchronized batch norm", small_sums=5 * 53)
CLUSTERS = tuple(Cluster(name=f"{speed} Gb/s", within=130e9, across=speed * GIGABIT) for speed in (25, 100, 200, 400))
"""NVLink of a DGX-1 V100, about 130 GB/s of bus bandwidth, between hosts each kind of network."""
BATCH = 4096
"""Images of a step of the NFNet paper."""
CORE = {"ResNet-50": 317, "NFNet": 86}
"""Images a second that one core prepares, to 224 px: inception crop and flip; all that NFNet-F1 asks for. Medians of 3
rounds of benchmarks/input.py on 2 shared cores of an AMD EPYC, TensorFlow 2.21.0, commit 688d615."""
GPUS = (8, 16, 32, 64, 128, 256, 512, 1024)


def input_rates():
    """Rows of (network, hardware, images a second of 8 GPUs, source)."""
    rows = [
        ("ResNet-50, 224 px", "8 V100 16 GB", 9_510, NVIDIA),
        ("ResNet-50, 224 px", "8 A100 40 GB", 17_400, NVIDIA),
    ]
    for k in range(6):
        name = f"NFNet-F{k}, {TRAINED_AT[k]} px"
        rows.append((name, "8 V100", 8 * 32 / V100_SECONDS[k], BROCK))
        rows.append((name, "8 RTX 3090", 8 * RTX3090[k], TIMM))
    return rows


def cores(name, rate):
    """Of the host, at our rate a core."""
    return f"{rate / CORE[name.split('-F')[0].split(',')[0]]:.0f}"


def checks():
    """Rows of (what, setting, published efficiency or None, predicted without overlap, with full overlap)."""
    p100 = Network(name="P100", parameters=RESNET50, images=32, step_seconds=32 / 142, source="tensorflow benchmarks")
    mixed = Network(name="V100", parameters=RESNET50, images=32, step_seconds=32 / 1270, source=NVIDIA)
    forty = replace(mixed, images=40, step_seconds=40 / 1270)
    dgx1 = Network(name="DGX-1", parameters=RESNET50, images=256, step_seconds=256 / 1270, source=NVIDIA)
    dgxa = Network(name="DGX A100", parameters=RESNET50, images=256, step_seconds=256 / 2375, source=NVIDIA)
    ethernet = Cluster(name="50 Gb/s", within=60e9, across=50 * GIGABIT)
    fdr = Cluster(name="56 Gb/s", within=60e9, across=56 * GIGABIT)
    abci = Cluster(name="2 x 100 Gb/s", gpus_per_host=4, within=130e9, across=200 * GIGABIT)
    ampere = Cluster(name="DGX A100", within=235e9, across=1)
    found = []
    for what, setting, published, network, cluster, gpus, size in (
        ("NVIDIA, DGX-1", "8 V100, 256 images each", 9510 / (8 * 1270), dgx1, CLUSTERS[1], 8, 2),
        ("NVIDIA, DGX A100", "8 A100, 256 images each", 17400 / (8 * 2375), dgxa, ampere, 8, 2),
        ("Goyal et al. 2017", "256 P100, 50 Gb/s Ethernet, from 8", 0.90, p100, ethernet, 256, 4),
        ("Akiba et al. 2017", "1,024 P100, FDR InfiniBand, float16 sums*", 0.80, p100, fdr, 1024, 2),
        ("Mikami et al. 2018", "1,088 V100, 2 EDR a host of 4*, float16 sums*", 0.9162, mixed, abci, 1088, 2),
        ("Yamazaki et al. 2019", "2,048 V100, same cluster, 40 images each*", 0.77, forty, abci, 2048, 2),
    ):
        predicted = [scaling_cost(network, cluster, gpus, size, overlap).efficiency for overlap in ("none", "full")]
        if "from 8" in setting:
            eight = [scaling_cost(network, cluster, 8, size, overlap).efficiency for overlap in ("none", "full")]
            predicted = [whole / host for whole, host in zip(predicted, eight, strict=True)]
        found.append((what, setting, published, *predicted))
    return found


def arithmetic():
    """Rows of (network, published milliseconds, predicted from ResNet-50's and from the multiply-adds)."""
    attained = step_seconds(4_089_184_256, 32, 1) / V100[0].step_seconds
    return [
        (f"NFNet-F{k}", 1e3 * V100_SECONDS[k], 1e3 * step_seconds(MULTIPLY_ADDS[k], 32, attained)) for k in range(6)
    ]


def efficiencies(cluster, batch=None):
    """Rows of (network, MB, "60 to 100" % at each of GPUS); 32 images a GPU, or `batch` images in all."""
    rows = []
    for network in (V100[0], SYNCHRONIZED, *V100[1:]):
        cells = []
        for gpus in GPUS:
            costs = [
                scaling_cost(network, cluster, gpus, overlap=overlap, images=batch and batch // gpus)
                for overlap in ("none", "full")
            ]
            low, high = (f"{100 * cost.efficiency:.0f}" for cost in costs)
            cells.append(low if low == high else f"{low} to {high}")
        rows.append((network.name, f"{costs[0].gradient_bytes / 1e6:,.0f} MB", *cells))
    return rows


def print_table(head, rows):
    print("\n| " + " | ".join(head) + " |\n|" + "---|" + "---:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="write the efficiencies as a picture")
    asked = parser.parse_args()
    print_table(
        ("network", "on", "images/s", "cores", "measured by"),
        [(name, on, f"{rate:,.0f}", cores(name, rate), source) for name, on, rate, source in input_rates()],
    )
    head = ("network", "gradients", *(f"{gpus:,} GPUs" for gpus in GPUS))
    for cluster in CLUSTERS:
        print(f"\n{cluster.name} a host, 32 images a GPU: %, no overlap to full overlap")
        print_table(head, efficiencies(cluster))
    print(f"\n{CLUSTERS[1].name} a host, {BATCH:,} images in all")
    print_table(head, efficiencies(CLUSTERS[1], BATCH))
    print_table(
        ("published", "setting", "efficiency", "no overlap", "full overlap"),
        [(what, on, *(f"{100 * share:.0f} %" for share in shares)) for what, on, *shares in checks()],
    )
    print_table(
        ("network", "published ms", "by arithmetic", "difference"),
        [(name, f"{a:.0f}", f"{b:.0f}", f"{100 * (b / a - 1):+.0f} %") for name, a, b in arithmetic()],
    )
    if asked.plot:
        costs = [
            scaling_cost(network, CLUSTERS[1], gpus, overlap=overlap)
            for overlap in ("none", "full")
            for network in V100
            for gpus in GPUS
        ]
        half = len(costs) // 2
        figure = plots.plot_scaling_cost(
            {
                "100 Gb/s, sum after the backward pass": costs[:half],
                "100 Gb/s, sum hidden behind it": costs[half:],
            }
        )
        asked.plot.write_bytes(plots.to_png(figure))


if __name__ == "__main__":
    main()
