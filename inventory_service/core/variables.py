# SPDX-License-Identifier: Apache-2.0
"""The variables of a node: which names and values Ansible takes as data and as nothing else.

The inventory plugin and script keep the same list (plugins/module_utils/_inventory/safe_vars.py);
tests/cases/variable_names.json holds both to it.
"""

import functools
import keyword
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator

from inventory_service.core.field_types import check_address
from inventory_service.core.json_numbers import check_number

_NAME = re.compile(r"[a-z_][a-zA-Z0-9_]{0,127}\Z")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
#: Ansible's own variables, which one of the same name would hide.
_ANSIBLE_NAMES = """
    environment groups group_names hostvars inventory_dir inventory_file inventory_hostname
    inventory_hostname_short omit play_hosts playbook_dir role_name role_path vars
"""
#: Functions of templates, of ansible-core 2.19 and Jinja 3.1: a variable would hide them.
_FUNCTION_NAMES = """
    cycler dict finalize joiner lipsum lookup namespace now q query range undef
"""
#: Host variables that the service itself sets (inventory/domain.py).
_OWN_NAMES = """
    node_id node_type cluster_id region env project state internal_ip external_ip wireguard_ip
    wireguard_public_key mesh_prefix mesh_port provider provider_id spec labels node_services
"""
RESERVED = frozenset(f"{_ANSIBLE_NAMES} {_FUNCTION_NAMES} {_OWN_NAMES}".split())
#: Settings of what runs on the controller come from there: its inventory, playbooks and options.
CONTROLLER_PREFIXES = ("provision_", "quartermaster_", "retire_")
#: Connection variables that a node may have; all others can run code on the controller.
CONNECTION = ("ansible_host", "ansible_port", "ansible_user", "ansible_become")


def check_name(name: str) -> None:
    """Raise ValueError if no node may have a variable of this name.

    :raises ValueError: it is no identifier, it is reserved, it sets something on the controller,
        or it begins with ``ansible_`` after underscores and is not one of `CONNECTION`.
    """
    if not _NAME.match(name) or keyword.iskeyword(name):
        raise ValueError(f"{name[:64]!r} can't be the name of an Ansible variable")
    if name in RESERVED:
        raise ValueError(f"{name!r} is a name that Ansible keeps for itself")
    # `__ansible_unsafe` and its kind replace the object that holds them (ansible-core,
    # parsing/ajson.py and _internal/_json): all variables of the host.
    if name.lstrip("_").startswith("ansible_") and name not in CONNECTION:
        allowed = ", ".join(CONNECTION)
        raise ValueError(f"{name!r} could run code on the controller; allowed are {allowed}")
    if name.startswith(CONTROLLER_PREFIXES):
        raise ValueError(
            f"{name!r} sets what runs on the controller; "
            "set it in the group_vars beside the inventory"
        )


@functools.lru_cache(maxsize=4096)
def is_name(name: str) -> bool:
    """Return whether a node may have a variable of this name."""
    try:
        check_name(name)
    except ValueError:
        return False
    return True


def check_variables(variables: dict[str, Any]) -> dict[str, Any]:
    """Return the variables if Ansible can take each name, and none can run code.

    :raises ValueError: a name is not allowed; a connection variable has a value that it can't
        have; a value has control characters, is nested deeper than 8 levels, or has a number that
        can't be kept.
    """
    for name, value in variables.items():
        check_name(name)
        check_value(name, value)
    return variables


def check_value(name: str, value: object) -> None:
    """Raise ValueError if Ansible can't take the value of a variable as data, or it can run code.

    :raises ValueError: as for `check_variables`; the name itself is not looked at.
    """
    if name in CONNECTION:
        _check_connection(name, value)
    _check_value(name, value, depth=0)


def _check_connection(name: str, value: object) -> None:
    fits = {
        "ansible_host": lambda: isinstance(value, str) and bool(check_address(value)),
        "ansible_port": lambda: type(value) is int and 0 < value < 65536,  # noqa: PLR2004 - TCP
        "ansible_user": lambda: isinstance(value, str) and bool(_USER.match(value)),
        "ansible_become": lambda: isinstance(value, bool),
    }
    if not fits[name]():
        raise ValueError(f"{name!r} can't be {str(value)[:64]!r}")


def _check_value(name: str, value: object, *, depth: int) -> None:
    if depth > 8:  # noqa: PLR2004 - deeper data belongs into a file, not into a variable
        raise ValueError(f"{name!r} is nested deeper than 8 levels")
    if isinstance(value, str) and any(
        unicodedata.category(character) in {"Cc", "Cs"} and character not in "\n\t"
        for character in value
    ):
        raise ValueError(f"{name!r} holds a control character")
    if isinstance(value, int | float):
        try:
            check_number(value)
        except ValueError as error:
            raise ValueError(f"{name!r} {error}") from None
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.startswith("__ansible") or "{{" in key or "{%" in key or "{#" in key:
                raise ValueError(f"{name!r} holds the key {key[:64]!r}, which Ansible would run")
            _check_value(name, key, depth=depth + 1)
            _check_value(name, inner, depth=depth + 1)
    if isinstance(value, list):
        for inner in value:
            _check_value(name, inner, depth=depth + 1)


Variables = Annotated[dict[str, Any], AfterValidator(check_variables)]
