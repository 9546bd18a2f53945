"""timm, where it and torch are installed."""

import importlib.util
import re
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def timm():
    torch = pytest.importorskip("torch")
    if importlib.util.find_spec("timm") is None:
        pytest.skip("needs timm")
    try:
        import timm
    except RuntimeError:
        # torchvision's compiled operators don't fit torch's build for CPUs: declare them, nothing here calls one.
        library = torch.library.Library("torchvision", "DEF")
        source = Path(importlib.util.find_spec("torchvision").origin).with_name("_meta_registrations.py").read_text()
        for name in {"nms", *re.findall(r'register_\w+\(\s*"(?:torchvision::)?(\w+)"', source)}:
            library.define(f"{name}(Tensor a) -> Tensor")
        import timm

        timm.declared = library
    return timm
