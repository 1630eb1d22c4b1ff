# SPDX-License-Identifier: Apache-2.0
"""What can be done with the fleet: one function an act, shared by all doors.

A use case works inside the transaction that a door began, and never commits.
"""
