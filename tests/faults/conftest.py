"""How long the chaos lasts, and which one it is: read from the environment."""

import os
import random
from dataclasses import dataclass

import pytest

#: Faults of the short form, which belongs to the suite.
FEW = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """How many faults, and the seed that they are drawn from."""

    faults: int
    seed: int


@pytest.fixture
def soak() -> Soak:
    """Read `SOAK_FAULTS` and `SOAK_SEED`; a seed that is not given is drawn."""
    return Soak(
        faults=int(os.environ.get("SOAK_FAULTS", FEW)),
        seed=int(os.environ.get("SOAK_SEED", random.SystemRandom().randrange(10**6))),
    )
