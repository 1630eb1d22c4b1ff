# SPDX-License-Identifier: Apache-2.0
"""JSON in columns: what is written is JSON to both databases, never Python's own NaN."""

import json

_ENCODER = json.JSONEncoder(allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)

#: PostgreSQL refuses NaN and Infinity, SQLite keeps any text: so they are refused before.
write_json = _ENCODER.encode
#: For SQLite: a NaN that an earlier version wrote is null, as the answers have always shown it.
read_json = _DECODER.decode
