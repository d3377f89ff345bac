"""`python -m oms.runtime.child COMMAND…`: becomes the command, ends with its supervisor."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

from oms.runtime.layout import SUPERVISED

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """This function will replace this process by the command."""
    with contextlib.suppress(OSError, AttributeError):  # Linux only; elsewhere `up` tidies later
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.environ.get(SUPERVISED) not in {None, str(os.getppid())}:
        sys.exit(1)  # the supervisor died before the kernel was asked to tell us
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main(sys.argv[1:])
