# SPDX-License-Identifier: Apache-2.0
"""The worker: claims runs, gives each a supervisor, and recovers those whose supervisor is gone."""
