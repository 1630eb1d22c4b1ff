# SPDX-License-Identifier: Apache-2.0
"""The routes that all kinds of catalog entries share, made once for each."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import quote

from flask import Response
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, create_model
from sqlalchemy.orm import Session

from inventory_service.core.actors import Role
from inventory_service.core.errors import NotFound, PreconditionFailed
from inventory_service.core.labels import with_article
from inventory_service.fleet.domain.catalog import CatalogChange, RetirementRequest
from inventory_service.fleet.models.catalog import CatalogEntry
from inventory_service.fleet.usecases.catalog import (
    change_entry,
    get_entry,
    list_entries,
    register_entry,
    retire_entry,
)
from inventory_service.http.auth import SECURITY, require_role
from inventory_service.http.dependencies import get_actor
from inventory_service.http.idempotency import read_expected, transactional
from inventory_service.http.pagination import ListQuery, ListSpec, page_of
from inventory_service.http.problems import raises
from inventory_service.http.responses import resource_response
from inventory_service.http.transactions import reading

View = TypeVar("View", bound=Callable[..., Response])


@dataclass(frozen=True)
class ResourceSpec:
    """What differs between kinds of catalog entry: path, schemas, and checks of their own."""

    kind: type[CatalogEntry]
    #: The path of the list, which ends in the plural of the kind.
    path: str
    registration: type[CatalogChange]
    change: type[CatalogChange]
    view: type[BaseModel]
    #: What a list of them can be sorted by.
    sortable: Sequence[str]
    #: When an entry can be retired, as a sentence of the API documentation.
    end: str
    #: The use cases of a kind with checks of its own; without, those of the catalog.
    register: Callable[..., CatalogEntry] | None = None
    update: Callable[..., CatalogEntry] | None = None
    #: A check of what is wanted that takes long: it runs before the transaction begins.
    check: Callable[[Any], None] | None = None
    #: The role that changing them needs.
    role: Role = Role.OPERATOR

    @property
    def collection(self) -> str:
        """Return the plural of the kind."""
        return self.path.rpartition("/")[2]

    @property
    def key(self) -> str:
        """Return the field that holds the name."""
        return self.kind.FIELDS[0]

    def make_listing(self) -> ListSpec:
        """Return how lists of them can be sorted and narrowed to fields."""
        return ListSpec(self.kind, self.view, tiebreakers=(self.key,), sortable=self.sortable)


def make_routes(resource: ResourceSpec) -> APIBlueprint:
    """Return the routes of one kind: list, register, show, change, retire."""
    routes = APIBlueprint(
        resource.collection,
        __name__,
        url_prefix=resource.path,
        abp_tags=[Tag(name=resource.collection)],
        abp_security=SECURITY,
    )
    fields: dict[str, Any] = {resource.key: (str, Field(max_length=255))}
    path = create_model(f"{resource.kind.__name__}Path", **fields)
    _add_reading(routes, resource, path)
    _add_writing(routes, resource, path)
    return routes


def _add_reading(routes: APIBlueprint, resource: ResourceSpec, path_model: type[BaseModel]) -> None:
    noun = resource.kind.NOUN
    listing = resource.make_listing()
    query_fields: dict[str, Any] = {
        "sort": (str, listing.sort_field()),
        "fields": (str, listing.fields_field()),
    }
    query_model = create_model(f"{resource.kind.__name__}Query", __base__=ListQuery, **query_fields)

    @routes.get(
        "",
        summary=f"List {resource.collection}",
        description="Retired ones too, sorted by name unless `sort` is set.",
        responses={200: page_of(resource.view)},
    )
    @require_role(Role.VIEWER)
    @_takes(query=query_model)
    def list_all(query: ListQuery) -> Response:
        with reading() as session:
            entries = list_entries(session, resource.kind, listing.read(query))
            return listing.answer(query, entries, lambda entry: entry.as_dict())

    @routes.get(
        f"/<{resource.key}>",
        summary=f"Show {with_article(noun)}",
        description=f"The {noun} as it is now.",
        responses={200: resource.view},
    )
    @require_role(Role.VIEWER)
    @raises(NotFound)
    @_takes(path=path_model)
    def show(path: BaseModel) -> Response:
        with reading() as session:
            return resource_response(get_entry(session, resource.kind, getattr(path, resource.key)))


def _add_writing(routes: APIBlueprint, resource: ResourceSpec, path_model: type[BaseModel]) -> None:
    noun = resource.kind.NOUN
    register_kind = resource.register or functools.partial(register_entry, kind=resource.kind)
    change_kind = resource.update or functools.partial(change_entry, kind=resource.kind)

    @routes.post(
        "",
        summary=f"Register {with_article(noun)}",
        description=f"The {noun}'s name is not given again, not even after its retirement.",
        responses={201: resource.view},
    )
    @require_role(resource.role)
    @_checked(resource)
    @transactional
    @_takes(body=resource.registration)
    def register(session: Session, body: CatalogChange) -> Response:
        entry = register_kind(session, get_actor(), wanted=body)
        location = f"{resource.path}/{quote(entry.name, safe='')}"
        return resource_response(entry, HTTPStatus.CREATED, location=location)

    @routes.patch(
        f"/<{resource.key}>",
        summary=f"Change {with_article(noun)}",
        description="What is left out stays as it is; null clears a field.",
        responses={200: resource.view},
    )
    @require_role(resource.role)
    @raises(NotFound, PreconditionFailed)
    @_checked(resource)
    @transactional
    @_takes(path=path_model, body=resource.change)
    def change(session: Session, path: BaseModel, body: CatalogChange) -> Response:
        name = getattr(path, resource.key)
        entry = change_kind(session, get_actor(), name=name, change=body, expected=read_expected())
        return resource_response(entry)

    @routes.post(
        f"/<{resource.key}>/retirement",
        summary=f"Retire {with_article(noun)}",
        description=resource.end,
        responses={201: resource.view},
    )
    @require_role(resource.role)
    @raises(NotFound)
    @transactional
    @_takes(path=path_model)
    def retire(session: Session, path: BaseModel, body: RetirementRequest) -> Response:
        entry = retire_entry(session, get_actor(), resource.kind, getattr(path, resource.key), body)
        return resource_response(entry, HTTPStatus.CREATED)


def _checked(resource: ResourceSpec) -> Callable[[View], View]:
    """Return what has a view check its body first, if entries of the kind have such a check."""

    def wrap(view: View) -> View:
        if resource.check is None:
            return view
        check = resource.check

        @functools.wraps(view)
        def run(**arguments: Any) -> Response:  # noqa: ANN401 - what flask-openapi3 hands over
            check(arguments["body"])
            return view(**arguments)

        return cast("View", run)

    return wrap


def _takes(**models: type[BaseModel]) -> Callable[[View], View]:
    """Set the annotations of a view, from which flask-openapi3 reads its request models."""

    def mark(view: View) -> View:
        view.__annotations__ |= models
        return view

    return mark
