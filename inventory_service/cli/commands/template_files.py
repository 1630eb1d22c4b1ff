# SPDX-License-Identifier: Apache-2.0
"""`qm template export` and `import`: templates as files that are kept in git."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from inventory_service.cli.client.completion import complete_names
from inventory_service.cli.client.errors import Exit, Failure
from inventory_service.cli.client.failures import failure_of
from inventory_service.cli.client.http import Client, open_api
from inventory_service.cli.client.invocation import (
    Invocation,
    connection_options,
    json_option,
    pass_invocation,
    wants_json,
)
from inventory_service.cli.client.options import drop_unset
from inventory_service.cli.commands.imports import read_text
from inventory_service.cli.commands.plan_output import format_change
from inventory_service.cli.formats.atomic_write import atomic_write
from inventory_service.cli.formats.template_files import (
    SourceTemplate,
    dump_templates,
    find_files,
    find_secrets,
    read_templates,
    to_document,
)
from inventory_service.cli.terminal.confirmation import confirm, yes_option
from inventory_service.cli.terminal.output import print_json, print_message, print_table
from inventory_service.cli.terminal.text import format_value
from inventory_service.client.errors import Refused, describe_more_errors
from inventory_service.core.errors import BadInput, list_field_errors

_ADDRESS = re.compile(r"templates\.([0-9]+)(?:\.(.*))?\Z", re.DOTALL)


@click.command("export")
@click.argument(
    "names", nargs=-1, metavar="[TEMPLATE]...", shell_complete=complete_names("template")
)
@click.option(
    "--output",
    "-o",
    default="-",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Write a file for each template into this folder; default: all to standard output.",
)
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Write variables that are named like secrets; else they are refused.",
)
@json_option
@connection_options
@pass_invocation
def export_templates(
    invocation: Invocation, /, names: tuple[str, ...], output: Path, *, with_secrets: bool
) -> None:
    """Write templates as YAML, for `qm template import`: fields that differ from the defaults."""
    found = list(_read_live(open_api(invocation), names))
    if not with_secrets:
        _refuse_secrets(found)
    documents = [to_document(one) for one in found]
    if str(output) == "-":
        if wants_json():
            print_json(documents)
        else:
            sys.stdout.write(dump_templates(documents))
        return
    output.mkdir(parents=True, exist_ok=True)
    for document in documents:
        with atomic_write(output / f"{document['template']}.yml") as file:
            file.write(dump_templates([document]))
    if wants_json():
        print_json([f"{document['template']}.yml" for document in documents])
    print_message(f"Templates written to {output}: {len(documents)}.")


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE|FOLDER...")
@click.option(
    "--dry-run", is_flag=True, help="Print the plan; the exit code is 7 if it changes something."
)
@click.option("--retire-missing", is_flag=True, help="Retire the templates that no file declares.")
@click.option(
    "--max-retire",
    metavar="NUMBER",
    type=click.IntRange(min=0),
    help="Retire up to NUMBER templates; default: a third of the live ones.",
)
@click.option("--reason", help="Reason, for the audit records.")
@yes_option
@json_option
@connection_options
@pass_invocation
def import_templates(
    invocation: Invocation,
    /,
    files: Sequence[str],
    *,
    dry_run: bool,
    retire_missing: bool,
    yes: bool,
    **options: Any,  # noqa: ANN401 (click's values)
) -> None:
    """Make the templates those of the files, all of them or none (`-` is standard input).

    Prints the plan, asks, and records exactly that. A field that a file leaves out gets its
    default; a template that no file declares stays, unless --retire-missing is given.
    """
    sources = list(_read_files(files))
    documents = [source.fields for source in sources]
    templates = open_api(invocation).templates
    try:
        answer = templates.plan_import(documents, retire_missing=retire_missing)
        is_empty = not any(answer["plan"][kind] for kind in ("add", "change", "retire"))
        if not wants_json():
            _print_plan(answer["plan"])
        if not (dry_run or is_empty):
            _confirm(answer["plan"], yes=yes)
            answer = templates.apply_import(
                documents,
                plan_digest=answer["plan"]["digest"],
                retire_missing=retire_missing,
                **drop_unset(**options),
            )
    except Refused as error:
        _refuse(error, sources)
    if wants_json():
        print_json(answer)
    elif is_empty:
        print_message("There is nothing to record.")
    else:
        print_message("Nothing is changed yet." if dry_run else "Recorded.")
    if dry_run and not is_empty:
        raise click.exceptions.Exit(Exit.DIFFERENT)


def _read_live(api: Client, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the templates of these names, or all that are not retired."""
    if not names:
        yield from (one for one in api.templates.iterate() if one["retired_at"] is None)
    for name in names:
        found = api.templates.get(name)
        if found["retired_at"] is not None:
            raise Failure(
                f"template {name} is retired, and can't be imported again",
                Exit.CONFLICT,
                next_step="leave it out; `qm template show` has its fields",
            )
        yield found


def _refuse_secrets(templates: Sequence[Mapping[str, Any]]) -> None:
    found = [f"{one['template']}: {name}" for one in templates for name in find_secrets(one)]
    if found:
        raise Failure(
            f"variables of templates are named like secrets ({', '.join(found)})",
            next_step="keep secrets in group_vars and a vault, or write them with --with-secrets; "
            "to leave them out would take them away at the next import",
        )


def _read_files(names: Sequence[str]) -> Iterator[SourceTemplate]:
    seen: dict[str, SourceTemplate] = {}
    for name in names:
        for path in [Path(name)] if name == "-" else find_files(Path(name)):
            for source in _read_file(path):
                before = seen.setdefault(source.name, source)
                if before is not source:
                    raise _invalid(
                        f"{source.file}, line {source.line}: template {source.name} is in "
                        f"{before.file}, line {before.line}, already"
                    )
                yield source
    if not seen:
        raise _invalid(f"{', '.join(names)}: no templates there")


def _read_file(path: Path) -> list[SourceTemplate]:
    name = "standard input" if str(path) == "-" else str(path)
    try:
        with click.open_file(str(path), "rb") as file:
            return read_templates(read_text(file.read(), name), name)
    except OSError as error:
        raise _invalid(f"{name}: can't be read: {error.strerror}") from error
    except BadInput as refusal:
        lines = [
            f"{name}, line {error.line}: {error.field}: {error.reason}"
            for error in refusal.field_errors
        ]
        problem = {"title": refusal.detail, **list_field_errors(refusal.field_errors)}
        raise _invalid("\n".join(lines), problem) from refusal


def _invalid(message: str, problem: dict[str, Any] | None = None) -> Failure:
    step = "correct the files and import them again; nothing was changed"
    return Failure(message, Exit.FAILED, next_step=step, problem=problem)


def _refuse(error: Refused, sources: Sequence[SourceTemplate]) -> NoReturn:
    """Name the errors of the service by file, line, template and field."""
    located = [_locate(one, sources) for one in error.field_errors]
    if not any("file" in one for one in located):
        raise error
    lines = [
        f"{one['file']}, line {one['line']}: template {one['template']}: "
        f"{format_value(one['field'])}: {one.get('reason', '')}"
        if "file" in one
        else f"{format_value(one.get('field', ''))}: {one.get('reason', '')}"
        for one in located
    ]
    problem = {**error.problem, "errors": located}
    message = "\n".join([*lines, *describe_more_errors(problem)])
    failure = _invalid(message, problem)
    failure.exit_code = failure_of(error).exit_code  # type: ignore[misc] # click reads it from the instance, too
    raise failure from error


def _locate(field_error: Mapping[str, Any], sources: Sequence[SourceTemplate]) -> dict[str, Any]:
    match = _ADDRESS.match(str(field_error.get("field", "")))
    if match is None or int(match[1]) >= len(sources):
        return dict(field_error)
    source, name = sources[int(match[1])], match[2] or "template"
    line = source.lines.get(name.partition(".")[0], source.line)
    where = {"file": source.file, "line": line, "template": source.name}
    return {**field_error, "field": name, **where}


def _print_plan(plan: Mapping[str, Any]) -> None:
    rows = [[one["template"], "add", one["fields"]["playbook"]] for one in plan["add"]]
    rows += [
        [one["template"], "change", format_change(change)]
        for one in plan["change"]
        for change in one["changes"]
    ]
    rows += [[name, "retire", ""] for name in plan["retire"]]
    if rows:
        print_table(("template", "change", "fields"), rows)
    click.echo(
        f"Plan: {len(plan['add'])} to add, {len(plan['change'])} to change, "
        f"{len(plan['retire'])} to retire, {plan['unchanged']} unchanged."
    )


def _confirm(plan: Mapping[str, Any], *, yes: bool) -> None:
    number, live = len(plan["retire"]), plan["live"]
    question = f"Record this plan, and retire {number} of {live} templates?"
    confirm(question if number else "Record this plan?", yes=yes)
