# Copyright (c) 2026, The Quartermaster maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which service to speak to, and as whom: arguments, environment, profile file."""

from __future__ import annotations

import configparser
import os
import re
import typing as t
import urllib.parse
from pathlib import Path

DEFAULT_URL = "http://127.0.0.1:9008"
DEFAULT_CONFIG = "~/.config/quartermaster/config.ini"


class ClientError(Exception):
    """The service could not be asked, or refused.

    `status` and `problem` are those of its answer (RFC 9457), if there was one; `retry_after_s`
    is set if the same request may be sent again.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        problem: dict[str, t.Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = problem or {}
        self.retry_after_s = retry_after_s


def resolve_connection(url: str | None = None, token: str | None = None) -> tuple[str, str | None]:
    """Return the address and the token: arguments, else QM_URL and QM_TOKEN, else the profile.

    The token of a profile is used only with the url of that profile, so that it is never sent
    elsewhere.

    :raises ClientError: if the profile file is asked for and cannot be used.
    """
    url = url or os.environ.get("QM_URL") or None
    token = token or os.environ.get("QM_TOKEN") or None
    if url and token:
        return check_url(url), token
    profile = _read_profile()
    profile_url = check_url(profile.get("url") or DEFAULT_URL)
    chosen = check_url(url) if url else profile_url
    if not token and chosen == profile_url:
        token = profile.get("token") or None
    return chosen, token


def _read_profile() -> dict[str, str]:
    """Return the keys of the chosen profile; empty if nobody made or asked for one."""
    configured, name = os.environ.get("QM_CONFIG"), os.environ.get("QM_PROFILE")
    path = Path(configured or DEFAULT_CONFIG).expanduser()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        if not configured and not name:
            return {}
        raise ClientError(f"{path}: no such profile file. Make it, or unset QM_CONFIG.") from error
    except OSError as error:
        raise ClientError(f"{path}: cannot be read: {error.strerror}.") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        # The parser's own message repeats the line, and the line may be the token.
        raise ClientError(f"{path}: is not an INI file ({type(error).__name__}).") from None
    if not parser.has_section(name or "default"):
        if not name:
            return {}
        raise ClientError(f"{path}: has no profile [{name}]. Choose another with QM_PROFILE.")
    return dict(parser[name or "default"])


def check_url(url: str) -> str:
    """Return the address of a service without its last slash.

    :raises ClientError: if it is not plain http(s)://host[:port][/prefix].
    """
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    if parts.username is not None or parts.password is not None:
        raise ClientError("url: holds a user name or password. Give the account as token instead.")
    is_plain = re.fullmatch(r"[\x21-\x7e]+", url) and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not is_plain:
        raise ClientError(f"url: {url!r} is not http(s)://host[:port]. Correct it (or QM_URL).")
    return url.rstrip("/")


def check_token(token: str | None) -> str | None:
    """Return the token, if it is safe in a header.

    :raises ClientError: if it holds spaces, line ends or other characters that no token has.
    """
    if token and not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ClientError("token: holds spaces or characters that no token has. Copy it again.")
    return token or None


def is_loopback(url: str) -> bool:
    """Return whether an address names this machine itself."""
    host = urllib.parse.urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
