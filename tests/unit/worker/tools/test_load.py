import os

import pytest

from worker.tools.load import measure_load


def test_it_tells_the_averages_and_the_share_of_each_processor() -> None:
    fields = measure_load().fields
    processors = os.cpu_count() or 1

    assert fields["load1"] == pytest.approx(os.getloadavg()[0], abs=1)
    assert fields["per_cpu"] == pytest.approx(float(fields["load1"]) / processors)
