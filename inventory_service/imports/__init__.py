# SPDX-License-Identifier: Apache-2.0
"""Imports: projects.csv, node files and Terraform become a plan, then nodes."""
