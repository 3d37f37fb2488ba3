import psutil
import pytest

from worker.tools.memory import measure_memory


def test_it_tells_what_the_kernel_tells() -> None:
    fields = measure_memory().fields
    known = psutil.virtual_memory()

    assert fields["used_percent"] == pytest.approx(known.percent, abs=5)
    assert fields["available_bytes"] == pytest.approx(known.available, rel=0.1)
    assert 0 <= float(fields["swap_used_percent"]) <= 100
