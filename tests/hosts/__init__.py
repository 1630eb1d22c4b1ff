# SPDX-License-Identifier: Apache-2.0
"""Real hosts for tests and the demo: an engine, an image and networks that are ours to use."""
