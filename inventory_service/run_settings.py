# SPDX-License-Identifier: Apache-2.0
"""The settings of runs: where playbooks are, and what workers do; ``settings.py`` reads them."""

import socket
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, DirectoryPath, Field, field_validator


class RunSettings(BaseModel):
    """The fields of the settings that are about runs."""

    playbooks_dir: DirectoryPath | None = Field(
        default=None,
        description="The folder whose playbooks runs may start: with `ansible.cfg`, `playbooks/` "
        "and `collections/`. The service and its workers need the same one.",
    )
    run_inventory_dirs: str = Field(
        default="",
        description="Folders, separated by colons, whose `group_vars` and `host_vars` runs get.",
    )
    run_dir: Path = Field(
        default=Path("~/.local/share/quartermaster/runs"),
        description="Where workers keep what runs need while they are live.",
    )
    run_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s]+)?$",
        description="The address by which playbooks reach the service; by default that of QM_BIND.",
    )
    run_environment: str = Field(
        default="",
        pattern=r"^([A-Za-z_][A-Za-z0-9_]*(,[A-Za-z_][A-Za-z0-9_]*)*)?$",
        description="Names of variables of the worker's environment that runs get, separated by "
        "commas, like `SSH_AUTH_SOCK,DOCKER_HOST`; all others are kept from them.",
    )
    run_lease_s: int = Field(
        default=30,
        ge=3,
        le=3600,
        description="How long a run counts as live without a sign of life of its supervisor.",
    )
    event_retention_days: int = Field(
        default=30,
        ge=0,
        le=36500,
        description="How many days the events of a run are stored after its end; 0 for ever. Its "
        "results and its log are kept.",
    )
    event_keep_runs: int = Field(
        default=10, ge=0, description="Of so many runs of each template, events are kept anyway."
    )
    worker_name: str = Field(
        default="",
        max_length=255,
        description="The name of the machine that the worker runs on, by default its host name; "
        "each has its own.",
    )
    worker_slots: int = Field(
        default=4, ge=1, le=200, description="How many runs a worker has at once."
    )

    @field_validator("run_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        """Return the folder without `~`."""
        return value.expanduser()

    @field_validator("run_inventory_dirs")
    @classmethod
    def _check_inventory_dirs(cls, value: str) -> str:
        """Return the folders if each of them is there."""
        for folder in filter(None, value.split(":")):
            if not Path(folder).is_dir():
                raise ValueError(f"{folder!r} is no folder")
        return value

    @property
    def inventory_dirs(self) -> list[Path]:
        """Return the folders with variables for runs."""
        return [Path(folder) for folder in self.run_inventory_dirs.split(":") if folder]

    @property
    def event_retention(self) -> timedelta | None:
        """Return how long events are kept, or None for ever."""
        return timedelta(days=self.event_retention_days) if self.event_retention_days else None

    @property
    def machine(self) -> str:
        """Return the name of the machine that the worker runs on."""
        return self.worker_name or socket.gethostname()

    @property
    def run_lease(self) -> timedelta:
        """Return the lease of a run as a span of time."""
        return timedelta(seconds=self.run_lease_s)
