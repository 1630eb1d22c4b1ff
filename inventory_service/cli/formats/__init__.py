# SPDX-License-Identifier: Apache-2.0
"""Files that `qm` reads and writes."""
