# SPDX-License-Identifier: Apache-2.0
"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is; timings belong in `make bench`.
settings.register_profile(
    "quartermaster", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("quartermaster")
