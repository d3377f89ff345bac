#!/usr/bin/env python
"""Entry point of every engineer command."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "oms.settings.embedded")
    # One thread of linear algebra per process: scoring never competes with serving.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from oms.runtime import entry

    entry.run(sys.argv)


if __name__ == "__main__":
    main()
