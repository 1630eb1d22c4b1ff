# SPDX-License-Identifier: Apache-2.0
"""`python -m inventory_service.cli`: `qm` by the Python at hand, wherever its script is."""

from inventory_service.cli import main

main(prog_name="qm")
