# SPDX-License-Identifier: Apache-2.0
"""The settings with which Ansible runs by Mitogen, as docs/mitogen.md gives them."""

from importlib.util import find_spec
from pathlib import Path


def get_settings() -> dict[str, str]:
    """Return them for an environment; the plugins lie in the Python package."""
    package = find_spec("ansible_mitogen")
    assert package, "pip install 'quartermaster[mitogen]'"
    assert package.origin, package
    plugins = Path(package.origin).parent / "plugins" / "strategy"
    return {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(plugins)}
