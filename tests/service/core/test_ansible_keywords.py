# SPDX-License-Identifier: Apache-2.0
"""The keywords are those that Ansible itself warns of, but for names that no node may have."""

import pytest
from ansible.vars.reserved import get_reserved_names

from inventory_service.core.ansible_keywords import KEYWORDS, find_keywords, warn_of_keywords
from inventory_service.core.variables import RESERVED, is_name


def test_the_keywords_are_those_of_ansible() -> None:
    assert {name for name in get_reserved_names() if is_name(name)} == KEYWORDS


@pytest.mark.parametrize("name", sorted(KEYWORDS))
def test_a_keyword_is_taken_with_a_warning_that_names_another(name: str) -> None:
    assert is_name(name)
    assert find_keywords([name, "motd"]) == [name]
    (warning,) = warn_of_keywords([name, "motd"])
    assert f"'{name}'" in warning
    assert f"'app_{name}'" in warning
    assert f"app_{name}" not in KEYWORDS | RESERVED
    assert is_name(f"app_{name}")


def test_other_names_are_no_reason_for_a_warning() -> None:
    assert list(warn_of_keywords(["motd", "nginx_port", "Port"])) == []
