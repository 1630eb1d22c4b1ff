# SPDX-License-Identifier: Apache-2.0
"""`make demo`: the main job from nothing, on real hosts of this machine, and its removal."""
