"""What an artifact says about itself to people: the model card, README.md."""

from pathlib import Path

from keras_resnets.export.formats import FORMATS

NOT_STATED = "Not stated."
INTENDED_USE = "Classifying images like those of the training data into the classes listed below."
LIMITS = (
    "The model gives every image one of its classes, also images that show none of them. Its probabilities are not "
    "calibrated unless a figure above says so. Accuracy on images unlike the training data was not measured."
)
SECTIONS = ("summary", "training_data", "license", "top1", "top1_images", "intended_use", "limits")
"""Keys of a card that have a place of their own; any other is a row of Provenance."""

SNIPPETS = {
    "keras": """### Keras

Needs `keras_resnets`. The model returns logits.

```python
import pathlib

import keras
import keras_resnets
import numpy as np

image = np.zeros(({shape}), "float32")  # your picture: {height} x {width} px, {channels}, 0 to 255
labels = pathlib.Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = keras.saving.load_model("{file}")
logits = model(image[None], training=False)
probabilities = keras.ops.convert_to_numpy(keras.ops.softmax(logits))[0]
print(labels[probabilities.argmax()], probabilities.max())
```
""",
    "saved_model": """### TensorFlow

Needs TensorFlow alone. The signature takes any number of images and returns `logits` and `probabilities`.

```python
import pathlib

import numpy as np
import tensorflow as tf

image = np.zeros(({shape}), "float32")  # your picture: {height} x {width} px, {channels}, 0 to 255
labels = pathlib.Path("labels.txt").read_text(encoding="utf-8").splitlines()
model = tf.saved_model.load("{file}")
outputs = model.signatures["serving_default"](images=tf.constant(image[None]))
probabilities = outputs["probabilities"].numpy()[0]
print(labels[probabilities.argmax()], probabilities.max())
```
""",
    "tflite": """### LiteRT (TensorFlow Lite)

Needs `ai-edge-litert` alone, on Android and iOS too. It takes one image at a time and holds builtin ops only.

```python
import pathlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter

image = np.zeros(({shape}), "float32")  # your picture: {height} x {width} px, {channels}, 0 to 255
labels = pathlib.Path("labels.txt").read_text(encoding="utf-8").splitlines()
classify = Interpreter("{file}").get_signature_runner("serving_default")
probabilities = classify(images=image[None])["probabilities"][0]
print(labels[probabilities.argmax()], probabilities.max())
```
""",
}


def write_card(directory, metadata):
    """Writes the README.md of the artifact in `directory` from the content of its metadata.json."""
    (Path(directory) / "README.md").write_text(render(metadata), encoding="utf-8")


def render(metadata):
    """The model card, Markdown, of the content of a metadata.json."""
    card = metadata["card"]
    parts = [
        f"# {metadata['name']}\n",
        card.get("summary", f"{metadata['model']}: an image classifier written by `keras_resnets`.") + "\n",
        _interface(metadata),
        f"## Formats\n\n{_formats(metadata['files'])}",
        f"## How to run it\n\n{_snippets(metadata)}",
        f"## Training data\n\n{card.get('training_data', NOT_STATED)}\n",
        f"## Accuracy\n\n{_accuracy(card)}\n",
        f"## Intended use\n\n{card.get('intended_use', INTENDED_USE)}\n",
        f"## Limits\n\n{card.get('limits', LIMITS)}\n",
        f"## License\n\n{card.get('license', NOT_STATED)}\n",
        f"## Provenance\n\n{_provenance(metadata)}",
    ]
    return "\n".join(parts)


def _interface(metadata):
    _, height, width, _ = metadata["input"]["shape"]
    names = metadata["class_names"]
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more in `labels.txt`" if len(names) > 20 else "")
    return (
        f"- **Input** `images`: {height} x {width} px, {metadata['input']['channels']}, float32 pixels 0 to 255. "
        "Normalization is inside the model: resize the picture, nothing else.\n"
        f"- **Output**: one value for each of {len(names)} classes: {shown}.\n"
        f"- **Parameters**: {metadata['parameters']:,}\n"
    )


def _formats(files):
    rows = [
        "| format | file | size | same first class as Keras | largest difference of a probability | top-1 | latency |",
        "|---|---|---|---|---|---|---|",
    ]
    for file in files:
        agreement = file["agreement"]
        top1 = "not measured" if agreement["top1"] is None else f"{agreement['top1']:.4f}"
        rows.append(
            f"| {file['format']} | `{file['name']}` | {_size(file['bytes'])} "
            f"| {agreement['agreement']:.2%} of {agreement['images']} | {agreement['probability_difference']:.1e} "
            f"| {top1} | {_latency(file['latency'])} |"
        )
    reference = files[0]["agreement"]
    rows.append(
        f"\nCompared on {reference['images']} images, in which Keras sees {reference['classes_predicted']} classes; "
        "top-1 is on the same images. Latency: median wall time of one image, warm"
        + "".join(f", on {machine}" for machine in {file["latency"]["machine"] for file in files if file["latency"]})
        + ". All formats compute in float32.\n"
    )
    return "\n".join(rows)


def _size(size):
    return f"{size / 1e6:.2f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _latency(latency):
    if latency is None:
        return "not measured"
    threads = {None: "TensorFlow's threads", 1: "1 thread"}.get(latency["threads"], f"{latency['threads']} threads")
    return f"{latency['median']:.3g} ms (n = {latency['runs']}, {threads})"


def _snippets(metadata):
    _, *shape = metadata["input"]["shape"]
    facts = {"shape": ", ".join(map(str, shape)), "height": shape[0], "width": shape[1]}
    facts["channels"] = metadata["input"]["channels"]
    formats = [file["format"] for file in metadata["files"]]
    return "\n".join(SNIPPETS[kind].format(file=FORMATS[kind].file, **facts) for kind in formats)


def _accuracy(card):
    if "top1" not in card:
        return "Not measured beyond the table above."
    images = f" on {card['top1_images']:,} images" if "top1_images" in card else ""
    return f"Top-1 accuracy {card['top1']:.4f}{images}."


def _provenance(metadata):
    facts = {key: value for key, value in metadata["card"].items() if key not in SECTIONS}
    facts |= {"written": metadata["date"], "written with": metadata["versions"]}
    rows = [f"| {_cell(key.replace('_', ' '))} | {_cell(value)} |" for key, value in facts.items()]
    return "\n".join(["| fact | value |", "|---|---|", *rows]) + "\n"


def _cell(value):
    if isinstance(value, dict):
        value = ", ".join(f"{key} {_cell(item)}" for key, item in value.items())
    if isinstance(value, list):
        value = ", ".join(_cell(item) for item in value)
    text = str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= 300 else "see `metadata.json`"
