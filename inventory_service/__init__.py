# SPDX-License-Identifier: Apache-2.0
"""The inventory service of Quartermaster: it knows the fleet, decides and records."""
