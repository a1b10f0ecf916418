"""What every test may ask for: the recorded data beside the checkout, and a seed that is printed."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# Compiling a kernel or starting a server takes longer than any deadline per example.
settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile(os.environ.get("SUNWISE_HYPOTHESIS", "default"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded market, traffic, people and region data; skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("recorded data is absent: it is expected at ../shared/data beside the checkout")
    return folder


@pytest.fixture
def seed() -> int:
    """A fresh seed, or SUNWISE_SEED; pytest shows the printed line when the test fails."""
    chosen = int(os.environ.get("SUNWISE_SEED", random.randrange(2**32)))
    print(f"seed {chosen}: repeat with SUNWISE_SEED={chosen}")
    return chosen
