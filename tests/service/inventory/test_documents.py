# SPDX-License-Identifier: Apache-2.0
"""A document holds what a plain reading of its rows gives, and the next one shares its parts."""

import json
import zlib
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory_service.http.responses import to_json
from inventory_service.inventory.chunks import Host, HostChunk, make_chunks, update_chunks
from inventory_service.inventory.documents import Document, DocumentSpec, make_document
from inventory_service.inventory.domain import (
    COLUMNS,
    get_host_variables,
    get_legacy_node,
    list_groups,
)
from inventory_service.inventory.formats import (
    AnsibleFormat,
    ColumnsFormat,
    InventoryFormat,
    LegacyFormat,
)
from tests.service.inventory.test_domain import make_row

FORMS: dict[str, InventoryFormat] = {
    "ansible": AnsibleFormat(to_json),
    "columns": ColumnsFormat(to_json),
    "first": LegacyFormat(to_json),
}
ROWS = st.dictionaries(
    st.integers(0, 400).map("n-{}".format),
    st.builds(
        make_row,
        node_type=st.sampled_from(["web", "data-store"]),
        region=st.sampled_from([None, "eu-west"]),
        state=st.sampled_from(["active", "failed"]),
        vars=st.dictionaries(st.sampled_from("ab"), st.sampled_from(["{{ x }}", "ü"])),
    ),
    max_size=300,
).map(lambda rows: [[name, *row[1:]] for name, row in sorted(rows.items())])


def make_host(form: InventoryFormat, row: list[Any]) -> Host:
    return Host(row[0], list_groups(row), (form.encode_host(row),))


def make(
    form: InventoryFormat, sections: list[HostChunk], last: Document | None = None
) -> Document:
    return make_document(
        DocumentSpec(form, 0, lambda groups: "state_active" in groups), 7, sections, last
    )


def read_plainly(form: str, rows: list[list[Any]]) -> Any:
    groups = defaultdict(list)
    for index, row in enumerate(rows):
        for group in list_groups(row):
            groups[group].append(row[0] if form == "ansible" else index)
    if form == "ansible":
        hosts = {row[0]: get_host_variables(row) for row in rows}
        children = {"all": {"children": [*sorted(groups), "ungrouped"]}}
        return (
            {"_meta": {"hostvars": hosts}}
            | children
            | {group: {"hosts": names} for group, names in groups.items()}
        )
    if form == "first":
        return {"nodes": [get_legacy_node(row) for row in rows]}
    return {"version": 1, "revision": 7, "columns": [*COLUMNS], "rows": rows, "groups": groups}


@pytest.mark.parametrize("form", FORMS)
@given(rows=ROWS)
def test_each_form_tells_the_story_of_the_rows(form: str, rows: list[list[Any]]) -> None:
    hosts = [make_host(FORMS[form], row) for row in rows]
    document = make(FORMS[form], make_chunks(hosts))
    body = b"".join(document.read())
    active = [row for row in rows if "state_active" in list_groups(row)]
    assert json.loads(body) == read_plainly(form, active)
    assert document.length == len(body)
    assert zlib.decompress(document.gzip, wbits=zlib.MAX_WBITS | 16) == body


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "change",
    [{"region": "us-east"}, {"state": "failed"}, {"vars": {"a": 2}}, None],
    ids=["another group", "out of the document", "no other group", "gone"],
)
def test_the_next_document_is_as_if_made_anew_from_few_parts(
    form: str, change: dict[str, Any] | None
) -> None:
    rows = [make_row(node_id=f"n-{number:04}") for number in range(2_000)]
    sections = make_chunks(make_host(FORMS[form], row) for row in rows)
    first = make(FORMS[form], sections)
    host = change and make_host(FORMS[form], make_row(node_id="n-1000", **change))
    sections = update_chunks(sections, {"n-1000": host or None})
    second, anew = make(FORMS[form], sections, first), make(FORMS[form], sections)
    assert b"".join(second.read()) == b"".join(anew.read())
    assert second.gzip == anew.gzip
    assert second.etag == anew.etag
    revision_bumped = b"".join(second.read()) != b"".join(first.read())
    assert (second.etag != first.etag) == revision_bumped
    shared = {id(part) for part in first._parts} & {id(part) for part in second._parts}
    # The section of the host, head, middle and end, and at most its groups or all of them.
    assert len(shared) >= len(sections) - 1
