# SPDX-License-Identifier: Apache-2.0
"""All settings of `qm` as a client, read from the environment (``QM_…``) here and nowhere else.

Plain Python: importing pydantic takes longer than all else that a client does.
"""

import os
from dataclasses import dataclass, field, fields
from pathlib import Path


@dataclass(frozen=True)
class ClientSettings:
    """The settings of `qm` as a client of the service; each is optional."""

    url: str | None = field(default=None, metadata={"description": "Where the service is."})
    token: str | None = field(
        default=None, repr=False, metadata={"description": "The token to show it."}
    )
    profile: str | None = field(
        default=None, metadata={"description": "The section of the profile file."}
    )
    config: Path | None = field(default=None, metadata={"description": "The profile file."})


def read_client_settings() -> ClientSettings:
    """Return the settings from the environment; an empty variable counts as unset."""
    found = {
        one.name: os.environ.get(f"QM_{one.name.upper()}") or None for one in fields(ClientSettings)
    }
    path = found.pop("config")
    return ClientSettings(**found, config=Path(path) if path else None)
