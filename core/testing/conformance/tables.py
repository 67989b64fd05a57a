"""A resource written as a table, its records gone, and read again."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from core.resources.declaration import Resource
from core.testing.clients import ApiClient
from core.testing.jobs import RunJobs


def lost_on_the_way(
    program: ApiClient, resource: Resource, numbers: Sequence[int], run_jobs: RunJobs
) -> list[str]:
    """What of some records does not come back.

    Args:
        program: of an administrator.
        resource: what they are.
        numbers: the only records of it there are.
        run_jobs: runs what waits.
    """
    kept = _writable(resource)
    written = _rows(program, resource, kept)
    for number in numbers:
        gone = program.delete(f"{resource.path}/{number}?purge=true")
        if gone.status_code >= 400:
            return [f"{resource.name} {number} cannot be deleted: {gone.text}"]
    text = io.StringIO()
    table = csv.DictWriter(text, kept)
    table.writeheader()
    table.writerows(written)
    given = {"file": (io.BytesIO(text.getvalue().encode()), "table.csv"), "options": '{"mode": "insert"}'}
    sent = program.post(f"{resource.path}/import", data=given)
    if sent.status_code != 202:
        return [f"{resource.name} is not taken: {sent.text}"]
    run_jobs()
    found = program.get(f"imports/{sent.get_json()['import']}").get_json()
    if found["counts"].get("inserted") != len(numbers):
        return [f"{resource.name}: {found['counts']}, {found['problems']}"]
    read = _rows(program, resource, kept)
    return [
        f"{resource.name}.{name} was {was[name]!r} and is {is_now[name]!r}"
        for was, is_now in zip(written, read, strict=True)
        for name in kept
        if was[name] != is_now[name]
    ]


def _writable(resource: Resource) -> list[str]:
    """The columns that input may fill: fields, and those of the first line of each kind."""
    own = [field.name for field in resource.fields.values() if not field.word.readonly]
    return own + [
        f"{lines.name}.{field.name}"
        for lines in resource.lines_fields.values()
        for field in lines.target.fields.values()
        if field is not lines.via and not field.word.readonly
    ]


def _rows(program: ApiClient, resource: Resource, columns: Sequence[str]) -> list[dict[str, str]]:
    answer = program.get(f"{resource.path}/export?sort=id&columns={','.join(columns)}")
    assert answer.status_code == 200, answer.text
    text = answer.data.decode("utf-8-sig")
    answer.close()
    return list(csv.DictReader(io.StringIO(text)))
