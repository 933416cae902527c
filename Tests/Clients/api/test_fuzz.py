"""Short runs of `make fuzz`."""

import fuzz
import pytest
from support.server import SPOTTER


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_hostile_requests_do_no_harm(count):
    statuses, memory = fuzz.run(SPOTTER, count, seed=7)
    fuzz.check(statuses, memory)
