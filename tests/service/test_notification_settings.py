# SPDX-License-Identifier: Apache-2.0
"""The settings of notifications refuse what they cannot mean, and show no password."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from inventory_service.settings import Settings


def test_hosts_and_networks_are_allowed() -> None:
    settings = Settings(notify_allow=" Chat.example.org, 10.0.0.0/8,::1,localhost ")
    assert settings.notify_allow == "chat.example.org,10.0.0.0/8,::1,localhost"


@pytest.mark.parametrize("word", ["10.0.0.1/8", "127.1", "0x7f", "a b", "https://x", "*.example"])
def test_what_is_neither_a_host_nor_a_network_is_named(word: str) -> None:
    with pytest.raises(ValidationError, match="neither a host nor a network"):
        Settings(notify_allow=f"10.0.0.0/8,{word}")


def test_the_password_of_the_mail_server_is_not_shown() -> None:
    settings = Settings(smtp_url="smtps://qm:sentinel@mail.example")
    assert "sentinel" not in repr(settings)
    with pytest.raises(ValidationError) as refusal:
        Settings(smtp_url="http://qm:sentinel@mail.example")
    assert "sentinel" not in str(refusal.value.errors(include_input=False))


def test_the_key_is_beside_the_database() -> None:
    home = Path.home() / ".local/share/quartermaster/secret.key"
    found = {
        url: Settings(database_url=url).secret_key_path
        for url in ("sqlite:////var/qm/fleet.sqlite", "sqlite:///:memory:", "postgresql://db/qm")
    }
    assert list(found.values()) == [Path("/var/qm/secret.key"), home, home]
    assert Settings(secret_key_file=Path("/etc/qm.key")).secret_key_path == Path("/etc/qm.key")


def test_links_go_to_the_address_for_people() -> None:
    assert Settings(run_url="http://10.0.0.1:9008/").link_url == "http://10.0.0.1:9008"
    settings = Settings(run_url="http://10.0.0.1:9008", notify_link_url="https://qm.example")
    assert settings.link_url == "https://qm.example"
