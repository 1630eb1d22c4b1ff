# SPDX-License-Identifier: Apache-2.0
"""JSON columns that both databases accept: without Python's NaN and Infinity."""

import json

_ENCODER = json.JSONEncoder(allow_nan=False)
_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)

#: PostgreSQL refuses NaN and Infinity, SQLite stores any text: so this raises ValueError for both.
write_json = _ENCODER.encode
#: For SQLite: reads a NaN that an earlier version wrote as null, as answers always showed it.
read_json = _DECODER.decode
