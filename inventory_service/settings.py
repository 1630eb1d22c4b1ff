# SPDX-License-Identifier: Apache-2.0
"""All settings of the service, read from the environment (``QM_…``) here and nowhere else."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, FilePath, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from inventory_service.chat_settings import ChatSettings
from inventory_service.notification_settings import NotificationSettings
from inventory_service.run_settings import RunSettings

_MEBIBYTE = 1024 * 1024
MAX_PORT = 65535
#: The schemes of database URLs; PostgreSQL is always reached by psycopg 3.
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
_PREFIX = "QM_"
#: Variables of the same prefix that clients, the inventory plugin and the script read.
_OTHERS = """
    QM_URL QM_TOKEN QM_PROFILE QM_CONFIG
    QM_CACHE_DIR QM_CACHE_MAX_AGE QM_INVENTORY_BULK QM_TERRAFORM
"""
#: What programs of any kind read, and what holds no secret.
_FOR_PROGRAMS = "HOME LANG LC_ALL LC_CTYPE LOGNAME PATH SSL_CERT_FILE TMPDIR TZ USER"


def _default_folder() -> Path:
    return Path.home() / ".local" / "share" / "quartermaster"


def _default_database_url() -> str:
    return f"sqlite:///{_default_folder() / 'quartermaster.sqlite'}"


class Settings(ChatSettings, NotificationSettings, RunSettings, BaseSettings):
    """The settings of the service."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="ignore")

    database_url: str = Field(
        default_factory=_default_database_url,
        description="The database of the fleet, as an SQLAlchemy URL.",
    )
    anonymous_read: bool = Field(
        default=False,
        description="Serve inventory, scrape targets, known hosts and metrics without a token.",
    )
    bind: str = Field(
        default="127.0.0.1:9008", description="The address and port that `qm serve` listens on."
    )
    threads: int = Field(
        default=8, ge=1, le=256, description="How many requests `qm serve` answers at once."
    )
    database_connections: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many connections to PostgreSQL a process opens at most; a request waits "
        "for a free one. 0 for enough of them that none has to wait.",
    )
    lock_timeout_s: int = Field(
        default=10,
        ge=1,
        le=60,
        description="How long a change waits for another writer before it is answered with 503.",
    )
    max_body_bytes: int = Field(
        default=8 * _MEBIBYTE, ge=1024, description="A larger request body is refused with 413."
    )
    max_header_bytes: int = Field(
        default=32768,
        ge=4096,
        le=_MEBIBYTE,
        description="A request whose head is larger is refused with 431.",
    )
    max_connections: int = Field(
        default=1000,
        ge=10,
        le=60000,
        description="How many connections a process keeps open; the ones that have been waiting "
        "longest make room for new ones.",
    )
    max_held_bytes: int = Field(
        default=256 * _MEBIBYTE,
        ge=16 * _MEBIBYTE,
        description="How many bytes of bodies and unread answers a process holds for its clients; "
        "beyond it, the connection with most of them is closed.",
    )
    idle_timeout_s: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="How long a connection may stay open without a request.",
    )
    answer_timeout_s: int = Field(
        default=300,
        ge=1,
        le=86400,
        description="How long a client may take to read an answer; then its connection is closed.",
    )
    arrival_timeout_s: int = Field(
        default=30,
        ge=1,
        le=3600,
        description="How long a request may take to arrive whole; then it is ended with 408.",
    )
    address_quarantine_s: int = Field(
        default=86400,
        ge=0,
        description="How long a retired node's mesh address rests before it is given again.",
    )
    audit_retention_days: int = Field(
        default=30,
        ge=0,
        le=36500,
        description="How many days audit records and changes are stored; 0 for ever.",
    )
    limit_total_per_min: int = Field(
        default=1000, ge=0, description="Requests a minute in all; 0 for any number."
    )
    limit_address_per_min: int = Field(
        default=100,
        ge=0,
        description="Requests a minute of one address without a valid token; 0 for any number.",
    )
    limit_account_per_min: int = Field(
        default=500, ge=0, description="Requests a minute of one token; 0 for any number."
    )
    limiter_url: str = Field(
        default="memory://",
        pattern=r"^(memory://$|rediss?://|redis\+unix:///)",
        description="Where requests are counted: in each process, or in one Redis for all.",
    )
    trusted_proxies: int = Field(
        default=0,
        ge=0,
        le=16,
        description="How many proxies in front add to X-Forwarded-For; with 0 it is not read.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error."
    )
    settings_file: FilePath | None = Field(
        default=None,
        description="A file of `QM_…=value` lines, read at each start; the environment wins.",
    )

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        """Return the URL of a database that the service knows; a wrong one may hold a password."""
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in DATABASES:
            raise ValueError(
                f"must begin with one of {', '.join(f'{one}://' for one in DATABASES)}"
            )
        # Only the port: the file of a SQLite URL is no host.
        if scheme != "sqlite":
            try:
                _ = urlsplit(f"//{rest}").port
            except ValueError:
                raise ValueError("the port must be a number from 0 to 65535") from None
        return value

    @field_validator("bind")
    @classmethod
    def _check_bind(cls, value: str) -> str:
        """Return the address if it ends in a port."""
        _, separator, port = value.rpartition(":")
        if not separator or not (port.isascii() and port.isdecimal()) or int(port) > MAX_PORT:
            raise ValueError(f"must be HOST:PORT, with a port from 0 to {MAX_PORT}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the settings file behind the environment, which names it."""
        del dotenv_settings, file_secret_settings
        path = env_settings().get("settings_file")
        return init_settings, env_settings, DotEnvSettingsSource(settings_cls, env_file=path)

    @property
    def audit_retention(self) -> timedelta | None:
        """Return how long records are kept, or None for ever."""
        return timedelta(days=self.audit_retention_days) if self.audit_retention_days else None

    @property
    def service_url(self) -> str:
        """Return the address by which playbooks reach the service."""
        if self.run_url:
            return self.run_url
        host, _, port = self.bind.rpartition(":")
        # Who listens on all addresses is reached by the one of the machine itself.
        host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - replaced
        return f"http://{host}:{port}"

    @property
    def link_url(self) -> str:
        """Return the address of the service that messages hold."""
        return (self.notify_link_url or self.service_url).rstrip("/")

    @property
    def public_link_url(self) -> str:
        """Return the address by which people and platforms of chat reach the service."""
        return self.public_url or self.link_url

    @property
    def secret_key_path(self) -> Path:
        """Return where the key is by which secrets are stored."""
        if self.secret_key_file is not None:
            return self.secret_key_file.expanduser()
        scheme, _, file = self.database_url.partition(":///")
        is_file = scheme == "sqlite" and file not in {"", ":memory:"}
        folder = Path(file.partition("?")[0]).parent if is_file else _default_folder()
        return folder / "secret.key"

    @property
    def most_connections(self) -> int:
        """Return how many connections to the database there are at most."""
        # Beside those of the requests, one for a probe and one for a collection of heartbeats.
        return self.database_connections or self.threads + 2

    @property
    def counts_requests_alone(self) -> bool:
        """Return whether there are limits, and each process counts towards them for itself."""
        limits = (self.limit_total_per_min, self.limit_address_per_min, self.limit_account_per_min)
        return any(limits) and self.limiter_url == "memory://"

    @property
    def address_quarantine(self) -> timedelta:
        """Return the quarantine as a span of time."""
        return timedelta(seconds=self.address_quarantine_s)


def list_known_variables() -> list[str]:
    """Return the names of all variables that begin with ``QM_`` and have a meaning."""
    return sorted([f"{_PREFIX}{name.upper()}" for name in Settings.model_fields] + _OTHERS.split())


def find_unknown_variables(settings: Settings) -> list[str]:
    """Return the ``QM_`` variables in the environment and the settings file without a meaning.

    A mistyped limit would silently be the default one.
    """
    file = DotEnvSettingsSource(Settings, env_file=settings.settings_file)
    names = {name.upper() for name in (*os.environ, *file.env_vars)}
    known = set(list_known_variables())
    return sorted(name for name in names if name.startswith(_PREFIX) and name not in known)


def read_run_environment(settings: Settings) -> dict[str, str]:
    """Return the variables of this process that a run gets: what programs need, and those named."""
    names = {*_FOR_PROGRAMS.split(), *filter(None, settings.run_environment.split(","))}
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


class ServiceManager(BaseSettings):
    """The variables that systemd sets for a process: sd_listen_fds(3), sd_notify(3)."""

    model_config = SettingsConfigDict(extra="ignore")

    listen_pid: int | None = None
    listen_fds: int = 0
    notify_socket: str | None = None


def read_service_manager() -> ServiceManager:
    """Return what the service manager has put into the environment; elsewhere, nothing."""
    return ServiceManager()
