"""A short run of `make fuzz`."""

import sys

from conftest import ROOT, SPOTTER

sys.path.insert(0, str(ROOT / "Tests" / "Fuzz"))
import fuzz  # noqa: E402


def test_ten_thousand_hostile_requests_do_no_harm():
    statuses, memory = fuzz.run(SPOTTER, 10_000, seed=7)
    fuzz.check(statuses, memory)
