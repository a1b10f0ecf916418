"""The same tests in the core's other two modes: plain Python, and machine code with bounds checks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TREE = os.pathsep.join((str(ROOT / "src"), str(ROOT)))  # this one, wherever sunwise is installed


def run(arguments, **environment):
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=os.environ | environment, text=True,
        capture_output=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(520)
def test_in_plain_python():
    tests = ["tests/unit/engine_core", "tests/tables/engine"]
    told = run(["-m", "pytest", "-q", "-p", "no:cacheprovider", *tests], NUMBA_DISABLE_JIT="1")
    assert "passed" in told


FLOW = """
from tests.property.engine_core.test_core_equals_oracle import TIGHT, run_flow
from tests.support.engine_twins import SMALL
for seed in range({first}, {first} + 2):
    run_flow(seed, {n_commands}, SMALL)
    run_flow(seed, {n_commands}, TIGHT)
"""


@pytest.mark.timeout(520)
def test_a_flow_in_plain_python_without_a_warning():
    """NumPy warns of each int64 that wraps, which machine code does not."""
    code = FLOW.format(first=200, n_commands=1_000)
    run(["-W", "error", "-c", code], NUMBA_DISABLE_JIT="1", PYTHONPATH=TREE)


@pytest.mark.slow
@pytest.mark.timeout(520)
def test_a_flow_with_bounds_checks():
    """Machine code of its own: compiling it takes most of the time."""
    code = FLOW.format(first=300, n_commands=20_000)
    run(["-c", code], NUMBA_BOUNDSCHECK="1", PYTHONPATH=TREE)


@pytest.mark.slow
@pytest.mark.timeout(520)
def test_bounds_checks_find_a_place_beyond_its_array():
    code = (
        "from tests.support.engine_twins import market_of_two\n"
        "twins = market_of_two()\n"
        "twins.core.state.books[0]['best_level'] = 10**6\n"
        "try:\n"
        "    twins.core.audit()\n"
        "except IndexError:\n"
        "    print('found')\n"
    )
    assert "found" in run(["-c", code], NUMBA_BOUNDSCHECK="1", PYTHONPATH=TREE)
