import json
import re
import subprocess
import sys

import pytest

from keras_resnets.export import card


def snippets(artifact):
    return re.findall(r"```python\n(.*?)```", (artifact.directory / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize(
    ("snippet", "absent"),
    [(1, ("keras", "keras_resnets", "ai_edge_litert")), (2, ("keras", "keras_resnets", "tensorflow"))],
)
def test_the_code_of_the_card_runs_with_nothing_but_what_it_says(artifact, names, snippet, absent):
    code = f"import sys\nsys.modules.update(dict.fromkeys({absent!r}))\n" + snippets(artifact)[snippet]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=artifact.directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    label, probability = done.stdout.split()
    assert label in names and 0.1 <= float(probability) <= 1


def test_the_keras_code_of_the_card_runs(artifact, names, monkeypatch, capsys):
    monkeypatch.chdir(artifact.directory)
    exec(snippets(artifact)[0], {})
    assert capsys.readouterr().out.split()[0] in names


def test_the_card_states_facts_and_what_is_not_known(artifact):
    text = (artifact.directory / "README.md").read_text()
    assert text.startswith("# small-digits\n")
    assert "## Training data\n\nscikit-learn digits\n" in text and "## License\n\nApache-2.0\n" in text
    assert "Top-1 accuracy 0.9000 on 100 images." in text
    assert "| epochs | 40 |" in text
    for file in artifact.files:
        assert re.search(rf"\| {file.format} \| `{file.name}` \| .* \| 100.00% of 100 \|", text)
    facts = json.loads((artifact.directory / "metadata.json").read_text())
    bare = card.render(facts | {"card": {}})
    assert "## Training data\n\nNot stated.\n" in bare and "Not measured beyond the table above." in bare


def test_a_long_or_barred_fact_does_not_break_the_table(artifact):
    facts = json.loads((artifact.directory / "metadata.json").read_text())
    text = card.render(facts | {"card": {"a|b": "c|d\ne", "recipe": {f"key{k}": k for k in range(99)}}})
    assert "| a\\|b | c\\|d e |" in text and "| recipe | see `metadata.json` |" in text
