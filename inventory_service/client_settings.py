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

    url: str | None = field(default=None, metadata={"description": "Address of the service."})
    token: str | None = field(
        default=None, repr=False, metadata={"description": "The token to send."}
    )
    profile: str | None = field(
        default=None, metadata={"description": "The section of the profile file."}
    )
    config: Path | None = field(default=None, metadata={"description": "The profile file."})


def read_client_settings() -> ClientSettings:
    """Return the settings in the environment; an empty variable counts as unset."""
    values = {
        one.name: os.environ.get(f"QM_{one.name.upper()}") or None for one in fields(ClientSettings)
    }
    path = values.pop("config")
    return ClientSettings(**values, config=Path(path) if path else None)
