"""`python -m bench [dispatch] [worker] [latency] [loop]`: all when none is named."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import dispatch, latency, loop, worker
from bench.figures import HEAD, Figure

BENCHES: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "dispatch": dispatch.measure,
    "worker": worker.measure,
    "latency": latency.measure,
    "loop": loop.measure,
}


def main(arguments: list[str]) -> int:
    """Measure what is named and print a line for each figure as it is known."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], metavar="NAME")
    names = parser.parse_args(arguments).names or list(BENCHES)
    began = time.monotonic()
    print(HEAD)
    for name in names:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            for figure in BENCHES[name](Path(folder)):
                print(figure.line(), flush=True)
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
