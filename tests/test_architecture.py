"""The house: floors, doors, the map in README, and what an import costs."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_imports_only_go_down():
    """The contracts in setup.cfg, through import-linter's own command."""
    command = Path(sys.executable).with_name("lint-imports")
    finished = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout


def test_importing_the_package_opens_no_door():
    script = (
        "import sys, keras; before = set(sys.modules); import keras_resnets;"  # Keras opens some by itself
        "doors = {'tensorflow_datasets', 'keras_tuner', 'matplotlib', 'sklearn', 'ai_edge_litert', 'safetensors'};"
        "print(sorted(doors & (set(sys.modules) - before)))"
    )
    finished = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"


def test_the_map_in_readme_is_the_tree():
    """Every room of the package is named in README's map, and the map names nothing that isn't there."""
    text = (ROOT / "README.md").read_text("utf-8")
    drawn = set(re.findall(r"^([\w./-]+/?)  ", text[text.index("<!-- map -->") :], re.MULTILINE))
    for name in drawn:
        assert (ROOT / name).exists(), f"README's map names {name}, which is not there"
    package = ROOT / "keras_resnets"
    rooms = [path for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    for path in rooms:
        name = f"keras_resnets/{path.name}" + ("/" if path.is_dir() else "")
        if not path.name.startswith("_"):
            assert name in drawn, f"README's map lacks {name}"


def test_no_drawer():
    forbidden = {"utils", "common", "base", "helpers", "misc", "core"}
    assert not [path for path in (ROOT / "keras_resnets").rglob("*.py") if path.stem in forbidden]
