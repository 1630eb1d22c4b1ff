#!/usr/bin/env python3
# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleet as an inventory script of Ansible, for whom the plugin is not at hand.

It runs from any directory, with any Python from 3.9 on, and needs nothing but this checkout. The
service is QM_URL with QM_TOKEN, or a profile of ~/.config/quartermaster/config.ini. If the service
is down, the last good answer is printed, with a warning, as long as it is younger than
QM_CACHE_MAX_AGE seconds (3600). Nothing is printed before all of it is known to be right.

QM_TERRAFORM names a file of `terraform output -json`, or a Terraform state, to merge with what the
service says. The service has the last word, and a warning says where.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import typing as t
from pathlib import Path

if t.TYPE_CHECKING:
    from collections.abc import Sequence

# The checkout is found by the place of this file, so that links and other directories work.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "plugins"))

from module_utils._inventory.fetch import DEFAULT_MAX_AGE_S, fetch_fleet
from module_utils._inventory.script import make_document
from module_utils._inventory.terraform import read_terraform
from module_utils._service.client import Client, ClientError, resolve_connection


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was asked for; return 1 with a message on stderr if it cannot be had."""
    options = _parse(arguments)
    try:
        url, token = resolve_connection()
        client = Client(url, token)
        path = os.environ.get("QM_TERRAFORM")
        terraform = read_terraform(path) if path else None
        age_s = _max_age_s()
        fleet = fetch_fleet(client, {}, terraform=terraform, max_age_s=age_s, warn=_warn)
        document = make_document(fleet, _warn)
        answer = document if options.list else _find_host(document, options.host)
        text = json.dumps(answer, indent=2 if sys.stdout.isatty() else None)
    except ClientError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return 1
    print(text)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--list", action="store_true", help="print all groups, hosts, variables")
    choice.add_argument("--host", metavar="NAME", help="print the variables of one host")
    return parser.parse_args(arguments)


def _find_host(document: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    variables: dict[str, dict[str, t.Any]] = document["_meta"]["hostvars"]
    if name not in variables:
        raise ClientError(f"{name}: no such host in the inventory. --list prints those there are.")
    return variables[name]


def _max_age_s() -> float:
    stated = os.environ.get("QM_CACHE_MAX_AGE") or str(DEFAULT_MAX_AGE_S)
    if not stated.isdigit():
        raise ClientError(f"QM_CACHE_MAX_AGE: {stated!r} is not a number of seconds.")
    return float(stated)


def _warn(message: str) -> None:
    sys.stderr.write(f"WARNING: {message}\n")


if __name__ == "__main__":
    sys.exit(main())
