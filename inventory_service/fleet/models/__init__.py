# SPDX-License-Identifier: Apache-2.0
"""Tables of the fleet, with the verbs that change a row and leave a record."""
