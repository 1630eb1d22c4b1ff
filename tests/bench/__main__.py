# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measures and prints; nothing here is a test with a limit."""

from tests.bench.inventory_speed import main

main()
