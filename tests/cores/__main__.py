# SPDX-License-Identifier: Apache-2.0
"""Run a program of the oldest ansible-core: `python -m tests.cores pytest …`."""

import os
import sys

from tests.cores import get_oldest

folder = get_oldest()
os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
os.execv(folder / sys.argv[1], [str(folder / sys.argv[1]), *sys.argv[2:]])  # noqa: S606 - its purpose
