"""Writes docs/models.md from what the catalogue holds.

    python docs/generate_models.py measure            # builds and counts what docs/models.csv lacks
    python docs/generate_models.py parity LOG ...     # takes differences from the output of `pytest -s tests/porting`
    python docs/generate_models.py                    # writes docs/models.md

`measure` compares with ../shared/reference/spec.json, where it is there. Delete a row of models.csv to measure it anew.
"""

import csv
import json
import re
import sys
import time
from pathlib import Path

import keras

from keras_resnets.analysis.complexity import complexity
from keras_resnets.models import catalogue

DOCS = Path(__file__).parent
SPEC = DOCS.parent / "../shared/reference/spec.json"
COLUMNS = ("variant", "parameters", "parameters_total", "multiply_adds", "px", "specification", "build_seconds")
TITLES = {
    "resnet_cifar": "CIFAR ResNets, pre-activation and wide",
    "resnet": "ResNet",
    "resnet_v2": "ResNet V2 (pre-activation)",
    "resnext": "ResNeXt and wide ResNet",
    "senet": "SE-ResNet, SENet, SE-ResNeXt",
    "bcn": "Batch-channel normalization",
    "skipinit_resnet": "SkipInit",
    "fixup_resnet": "Fixup",
    "nf_resnet": "NF-ResNet",
    "nf_regnet": "NF-RegNet",
    "nfnet": "NFNet",
    "alexnet": "AlexNet",
    "vgg": "VGG",
    "googlenet": "GoogLeNet",
    "densenet": "DenseNet",
    "xception": "Xception",
    "mobilenet": "MobileNet",
    "efficientnet": "EfficientNet",
    "unet": "UNet",
}


EXPLAINED = {
    "with statistics -7": ": Keras counts the 3 means, 3 variances and 1 count of its input layer; "
    "ours takes normalized images"
}
GOLDEN = {
    "resnet_v2": "hk_resnet_v2_tiny",
    "nf_resnet": "hk_nf_resnet_tiny",
    "nf_regnet": "hk_nf_regnet_tiny",
    "nfnet": "hk_nfnet_tiny",
    "skipinit_resnet": "hk_skipinit_tiny",
    "fixup_resnet": "hk_fixup_tiny",
}
"""The golden file of DeepMind's code for each family."""


def measure():
    """A row for each variant that models.csv lacks: counts, and processor seconds of building it."""
    spec = json.loads(SPEC.read_text()) if SPEC.is_file() else {}
    rows = read(DOCS / "models.csv")
    for key in catalogue.list_models():
        if key in rows:
            continue
        keras.backend.clear_session()
        start = time.process_time()
        model = catalogue.create_model(key)
        seconds = time.process_time() - start
        cost = complexity(model)
        rows[key] = {
            "variant": key,
            "parameters": cost.parameters,
            "parameters_total": cost.parameters_total,
            "multiply_adds": cost.multiply_adds,
            "px": cost.input_shape[0],
            "specification": compare(cost, spec.get(key)),
            "build_seconds": f"{seconds:.1f}",
        }
        print(rows[key], flush=True)
        write(DOCS / "models.csv", COLUMNS, rows.values())


def compare(cost, expected):
    """ "equal" where all counts are, else what differs and by how much; "" where there is nothing to compare with."""
    if expected is None:
        return ""
    if cost.input_shape[0] != expected["resolution"]:
        return f"at {expected['resolution']} px"
    pairs = {
        "parameters": (cost.parameters, expected["params"]),
        "with statistics": (cost.parameters_total, expected.get("params_total", cost.parameters_total)),
        "multiply-adds": (cost.multiply_adds, expected["macs"]),
    }
    return (
        "; ".join(f"{name} {ours - theirs:+,}" for name, (ours, theirs) in pairs.items() if ours != theirs) or "equal"
    )


def parity(logs):
    """Takes "KEY SIZE px: DIFFERENCE" and "NAME (H, W, C): logits DIFFERENCE" lines into parity.csv."""
    rows = read(DOCS / "parity.csv")
    names = {name: catalogue.key_of(made.variant) for name, made in catalogue.constructors().items()}
    for line in (line for log in logs for line in Path(log).read_text(errors="replace").splitlines()):
        found = re.search(r"(\w+) (\d+) px: ([\d.]+e[-+]\d+)", line)
        if match := re.search(r"(\w+) \((\d+), \d+, 3\): logits ([\d.]+e[-+]\d+)", line):
            found = match
        if not found:
            continue
        name = found[1] if found[1] in names or found[1] in catalogue.variants() else found[1].removeprefix("F")
        key = names.get(name, name)
        row = rows.setdefault(key, {"variant": key, "px": "", "difference": "0"})
        sizes = {*row["px"].split(), found[2]}
        row["px"] = " ".join(sorted(sizes, key=int))
        row["difference"] = f"{max(float(row['difference']), float(found[3])):.1e}"
    write(DOCS / "parity.csv", ("variant", "px", "difference"), sorted(rows.values(), key=lambda row: row["variant"]))


def checked_against(key, variant):
    """The network that a variant's answers are compared with, and the test that does it."""
    reference = variant.reference
    if "keras.applications" in reference:
        kind = "keras_mobile" if family_of(key) in ("xception", "mobilenet", "efficientnet") else "keras_resnet"
        kind = "classic" if family_of(key) in ("vgg", "densenet") else kind
        return "keras.applications", f"tests/porting/test_{kind}.py"
    if family_of(key) in ("alexnet", "vgg", "googlenet", "densenet"):
        return ("torchvision", "tests/porting/test_classic.py") if "torchvision" in reference else ("", "")
    if family_of(key) in ("nf_resnet", "nf_regnet", "nfnet"):
        if "timm" in reference and "DeepMind" not in reference:
            return "timm", "tests/porting/test_timm_nf.py"
        return "DeepMind's code (golden, tiny)", "tests/porting/test_nf_golden.py"
    if family_of(key) in ("skipinit_resnet", "fixup_resnet"):
        return "DeepMind's code (golden, tiny)", "tests/porting/test_nf_golden.py"
    if family_of(key) in ("resnet", "resnet_v2", "resnext", "senet") and re.search(r"timm \w*\d", reference):
        return "timm", "tests/porting/test_timm_resnet.py"
    if family_of(key) == "resnet_v2":
        return "DeepMind's code (golden, tiny)", "tests/porting/test_resnet_golden.py"
    if re.fullmatch(r"cifar_resnet\d+_a", key):
        return "akamaster's released weights", "tests/porting/test_port.py"
    return "", ""


def family_of(key):
    return next(f.__name__.rsplit(".", 1)[-1] for f in catalogue.FAMILIES if key in f.VARIANTS)


def page():
    """The text of models.md."""
    rows, differences = read(DOCS / "models.csv"), read(DOCS / "parity.csv")
    known = catalogue.variants()
    rows = {key: row for key, row in rows.items() if key in known}
    made = {catalogue.key_of(c.variant): name for name, c in catalogue.constructors().items()}
    equal = [key for key, row in rows.items() if row["specification"] == "equal"]
    others = {key: row["specification"] for key, row in rows.items() if row["specification"] not in ("equal", "")}
    timed = [row for row in rows.values() if row["build_seconds"]]
    slowest = sorted(timed, key=lambda row: -float(row["build_seconds"]))[:10]
    lines = [
        "# Models",
        "",
        "Generated by `python docs/generate_models.py`; don't edit.",
        "",
        f"{len(known)} variants. Of {len(rows)} that were built and counted, {len(equal)} equal the specification in "
        "trainable parameters, parameters with statistics and multiply-adds, to the unit.",
        "",
        "- **MACs**: multiply-adds of convolutions and dense layers for one image of this size "
        "(`keras_resnets.analysis.complexity`), auxiliary heads included.",
        "- **Compared with**: whose answers the same weights give. The largest difference is over the largest logit, "
        "over the sizes that the test uses (even and odd); where it is blank, the test runs but its number is not kept "
        'here. "golden, tiny" compares a small network of the same body. timm\'s batch-norm networks are compared in '
        "float64, for in float32 PyTorch differs from itself by more; all others in float32.",
        "- **Build**: processor seconds of the constructor, once, on two shared cores that were busy with other work.",
        "",
    ]
    if others:
        lines += ["## Differences from the specification", "", "| variant | difference |", "|---|---|"]
        lines += [f"| `{key}` | {text}{EXPLAINED.get(text, '')} |" for key, text in sorted(others.items())] + [""]
    for family in catalogue.FAMILIES:
        name = family.__name__.rsplit(".", 1)[-1]
        lines += [f"## {TITLES.get(name, name)}", "", HEADER, "|---|---|---:|---:|---:|---|---|---:|---:|"]
        for key, variant in family.VARIANTS.items():
            row, (whose, test) = rows.get(key), checked_against(key, variant)
            count = f"{variant.parameters:,}"
            macs = f"{int(row['multiply_adds']):,}" if row else ""
            against = f"[{whose}](../{test})" if whose else "counts"
            found = differences.get(GOLDEN.get(name) if "golden" in whose else key, {"difference": ""})["difference"]
            seconds = row["build_seconds"] if row else ""
            cells = [f"`{key}`", made.get(key, ""), count, macs, str(variant.resolution), variant.reference, against]
            lines.append("| " + " | ".join([*cells, found, seconds]) + " |")
        lines.append("")
    lines += ["## The slowest to build", "", "| variant | seconds | parameters |", "|---|---:|---:|"]
    lines += [f"| `{row['variant']}` | {row['build_seconds']} | {int(row['parameters']):,} |" for row in slowest]
    lines += [
        "",
        "Time goes with the number of variables, each of which is initialized on its own, and with their elements, "
        "which random numbers fill: the deepest (1001 and 1202 layers, 600 layers) and the widest (NFNet F4 and up) "
        "are last.",
        "",
    ]
    return "\n".join(lines)


HEADER = (
    "| variant | constructor | parameters | MACs | px | reference | compared with | largest difference | build, s |"
)


def read(path):
    if not path.is_file():
        return {}
    with path.open(newline="") as file:
        return {row["variant"]: row for row in csv.DictReader(file)}


def write(path, columns, rows):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main(verb="page", *logs):
    if verb == "measure":
        measure()
    elif verb == "parity":
        parity(logs)
    (DOCS / "models.md").write_text(page())


if __name__ == "__main__":
    main(*sys.argv[1:])
