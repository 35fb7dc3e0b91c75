"""For every test: floating-point trouble is an error, and shared data is used where it is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import cementflow as cf
from problems import HEATED

# The first call of a compiled kernel may take seconds.
settings.register_profile("cementflow", deadline=None)
settings.load_profile("cementflow")

SHARED_DATA = Path(__file__).parents[2] / "shared/data"


@pytest.fixture(autouse=True)
def floating_point_errors() -> Iterator[None]:
    """Raise on division by zero, overflow and invalid operations; underflow to zero is harmless."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the shared data sets; tests that need it are skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data sets are not beside the repository (shared/data)")
    return SHARED_DATA


@pytest.fixture(scope="session")
def heated(tmp_path_factory: pytest.TempPathFactory) -> cf.Result:
    """A run that goes on until the cement is set, long after the injection of half a minute."""
    return cf.run(cf.preset("l3-osteoporotic").replace(HEATED), out=tmp_path_factory.mktemp("heat") / "run")
