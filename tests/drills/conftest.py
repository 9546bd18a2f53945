"""The drills' table: how often something was broken, how often the run survived it, how often it was lost."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from drilling import recipe, result, to_the_end

TABLE = Path(__file__).parents[2] / "build/drills.md"
TALLIES = []


@dataclass
class Tally:
    """A row of the table. tried, survived: how often. notes: what was measured on the way."""

    drill: str
    tried: int = 0
    survived: int = 0
    notes: list = field(default_factory=list)

    def add(self, count=1):
        """As many more were survived; a test that fails before it says so has lost them."""
        self.survived += count


@pytest.fixture
def tally(request):
    """The row of the test; its drill is the test's docstring."""
    found = Tally(" ".join(request.function.__doc__.split()))
    TALLIES.append(found)
    return found


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """The `result` of the drills' run when nothing happens to it."""
    workdir = tmp_path_factory.mktemp("drills") / "whole"
    to_the_end(workdir, recipe())
    yield result(workdir)
    shutil.rmtree(workdir)


def table():
    """The tallies in Markdown."""
    rows = [
        f"| {t.drill} | {t.tried} | {t.survived} | {t.tried - t.survived} | {'; '.join(map(str, t.notes))} |"
        for t in TALLIES
        if t.tried
    ]
    return "\n".join(["| drill | tried | survived | lost | measured |", "|---|---|---|---|---|", *rows]) + "\n"


def pytest_terminal_summary(terminalreporter):
    if any(tally.tried for tally in TALLIES):
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(table())
        terminalreporter.write_line(table())
