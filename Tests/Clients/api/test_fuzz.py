"""A short run of `make fuzz`."""

import fuzz
from support.server import SPOTTER


def test_ten_thousand_hostile_requests_do_no_harm():
    statuses, memory = fuzz.run(SPOTTER, 10_000, seed=7)
    fuzz.check(statuses, memory)
