# SPDX-License-Identifier: Apache-2.0
"""Which service to speak to, and as whom: arguments, environment, profile file, in this order."""

import configparser
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from inventory_service.client.errors import InvalidConnection
from inventory_service.client.retries import Notice, ignore
from inventory_service.client_settings import ClientSettings

DEFAULT_URL = "http://127.0.0.1:9008"
DEFAULT_PROFILE = "default"
DEFAULT_CONFIG = Path("~/.config/quartermaster/config.ini")

PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Connection:
    """The address of the service and the token to send, if any."""

    url: str
    token: str | None = field(repr=False)


def resolve_connection(
    settings: ClientSettings,
    *,
    url: str | None = None,
    token: str | None = None,
    profile: str | None = None,
    warn: Notice = ignore,
) -> Connection:
    """Return the service that is meant.

    A profile that is an argument wins over QM_URL and QM_TOKEN, as the more explicit choice.
    The token of a profile goes only to the address of that profile, so that another address cannot
    get it.

    :raises InvalidConnection: a named profile is missing, the file is unreadable, or a value is
        invalid.
    """
    url = url or (None if profile else settings.url)
    token = token or (None if profile else settings.token)
    if url and token:
        return Connection(_address(url), _secret(token))
    found = _find_profile(settings, profile or settings.profile, warn)
    profile_url = _address(found.get("url") or DEFAULT_URL)
    chosen = _address(url) if url else profile_url
    if not token and chosen == profile_url:
        token = found.get("token")
    return Connection(chosen, _secret(token))


def profile_path(settings: ClientSettings) -> Path:
    """Return where the profile file is, or would be."""
    return (settings.config or DEFAULT_CONFIG).expanduser()


def save_profile(path: Path, name: str, connection: Connection) -> None:
    """Write one profile into the file, readable by its owner only; other profiles stay."""
    parser = _parse(path)
    if not parser.has_section(name):
        parser.add_section(name)
    parser[name]["url"] = connection.url
    parser[name]["token"] = connection.token or ""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    # Created private: a chmod afterwards would leave a moment in which others can read the token.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        parser.write(file)
    draft.replace(path)


def _find_profile(settings: ClientSettings, name: str | None, warn: Notice) -> dict[str, str]:
    """Return the keys of a profile; empty where nobody made or asked for one."""
    path = profile_path(settings)
    if settings.config and not path.is_file():
        raise InvalidConnection(
            f"profile file {path}: there is no such file",
            next_step="make it, or unset QM_CONFIG",
        )
    parser = _parse(path)
    if parser.has_section(name or DEFAULT_PROFILE):
        profile = dict(parser[name or DEFAULT_PROFILE])
        _warn_when_exposed(path, profile, warn)
        return profile
    if name:
        known = ", ".join(parser.sections()) or "none"
        raise InvalidConnection(
            f"profile {name!r} is not in {path} (profiles there: {known})",
            next_step=f"add a section [{name}] with url and token, or choose another profile",
        )
    return {}


def _parse(path: Path) -> configparser.ConfigParser:
    """Read the file; tokens may hold a percent sign, so nothing is interpolated."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return parser
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    except (UnicodeDecodeError, configparser.Error) as error:
        # The parser's own message repeats the line, and the line may be the token.
        raise _unreadable(path, f"it is not an INI file ({type(error).__name__})") from None
    return parser


def _unreadable(path: Path, reason: str) -> InvalidConnection:
    return InvalidConnection(
        f"profile file {path} cannot be read: {reason}",
        next_step="correct the file, or name another with QM_CONFIG",
    )


def _address(url: str) -> str:
    """Return the address without its last slash, if it is plain http(s)://host[:port][/prefix]."""
    try:
        parts = urlsplit(url)
        is_plain = (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and "@" not in parts.netloc
            and not (parts.query or parts.fragment)
            and PRINTABLE.fullmatch(url) is not None
        )
    except ValueError:
        is_plain = False
    if not is_plain:
        # A user name or password in it is not repeated: it may be a secret.
        raise InvalidConnection(
            "the address of the service is not of the form http(s)://host[:port]",
            next_step=f"give one like {DEFAULT_URL} as url, by QM_URL or in the profile",
        )
    return url.rstrip("/")


def _secret(token: str | None) -> str | None:
    """Return the token, if it can be sent in a header."""
    if token and not PRINTABLE.fullmatch(token):
        raise InvalidConnection(
            "the token contains spaces or other characters that no token has",
            next_step="copy it again into QM_TOKEN or the profile",
        )
    return token or None


def _warn_when_exposed(path: Path, profile: dict[str, str], warn: Notice) -> None:
    if profile.get("token") and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        warn(f"Warning: others can read the token in {path}: chmod 600 {path}")
