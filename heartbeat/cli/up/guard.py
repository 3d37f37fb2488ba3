"""Becomes another program that ends when its parent does. Run as a script.

`guard.py PARENT PROGRAM ARGUMENTS…`. It imports nothing of ours, so that it costs a
few milliseconds. A hook in the fork of a threaded parent would not be safe; a process
that arranges it for itself is.
"""

import ctypes
import os
import signal
import sys

#: `prctl` option of Linux: the signal to get when the parent has died.
_PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Tie this process to its parent, where the system can, and become the program."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before it could be tied
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
