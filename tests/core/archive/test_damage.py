"""Archives that are damaged, cut off, not archives at all, or find no room: refused, and nothing is left."""

from __future__ import annotations

import json
import random
import resource
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.archive import ArchiveDamaged, NoArchive, read_manifest, tenants, verify
from core.archive.loading import RowsRefused
from core.archive.manifest import MANIFEST, NewerFormat
from core.db.tenancy import Tenant
from core.errors import GuanxiError, StorageFull
from tests.core.archive.conftest import Bank

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def full(bank: Bank, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tenant, Path]:
    """A tenant with rows of all kinds, and its archive."""
    tenant = bank.tenant()
    bank.fill(tenant)
    path = tmp_path_factory.mktemp("archives") / "full.zip"
    bank.archive(tenant, path)
    return tenant, path


def _places(path: Path) -> dict[str, tuple[int, int]]:
    """Where the content of each member lies: ``{name: (from, to)}``."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            header = path.read_bytes()[info.header_offset : info.header_offset + 30]
            begin = (
                info.header_offset
                + 30
                + int.from_bytes(header[26:28], "little")
                + int.from_bytes(header[28:30], "little")
            )
            found[info.filename] = begin, begin + info.compress_size
    return found


def _rewritten(path: Path, to: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The archive with other members, all of them good ZIP."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return to


@contextmanager
def _nothing_changes(bank: Bank) -> Iterator[None]:
    everything = bank.everything()
    yield
    assert bank.everything() == everything


def _restore(bank: Bank, path: Path) -> None:
    tenants.make_tenant(bank.kernel, bank.urls, path, slug="from-damaged")


def test_a_byte_that_fell_over_is_found_in_every_member(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path
) -> None:
    path = full[1]
    verify(path)
    content, places, broken = path.read_bytes(), _places(path), tmp_path / "broken.zip"
    members = {name: place for name, place in places.items() if place[1] - place[0] > 2}
    assert {MANIFEST, "tables/customer_customer.copy", "tables/vault_shelf.copy"} <= members.keys()
    assert any(name.startswith("stored/files/") for name in members)
    for name, (begin, end) in members.items():
        at = (begin + end) // 2
        broken.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        with pytest.raises(ArchiveDamaged) as found:
            verify(broken)
        assert found.value.values["member"] == name
    # Restoring finds it too, while it loads; a table, a file, and the manifest.
    with _nothing_changes(bank):
        stored = next(name for name in members if name.startswith("stored/"))
        for name in ("tables/vault_shelf.copy", stored, MANIFEST):
            begin, end = members[name]
            at = (begin + end) // 2
            broken.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
            with pytest.raises(ArchiveDamaged):
                _restore(bank, broken)


def test_whatever_happens_to_the_bytes_it_is_a_refusal(full: tuple[Tenant, Path], tmp_path: Path) -> None:
    content, broken, dice = full[1].read_bytes(), tmp_path / "broken.zip", random.Random(4)
    refused = 0
    for _ in range(150):
        at, size = dice.randrange(len(content)), dice.choice((1, 1, 20, 5000))
        noise = dice.randbytes(size)
        broken.write_bytes(content[:at] + noise + content[at + size :])
        try:
            verify(broken)
        except (ArchiveDamaged, NoArchive, NewerFormat):
            refused += 1
    assert refused > 100  # dates in headers, and the like, harm nothing


def test_one_that_is_cut_off_or_something_else_is_no_archive(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path
) -> None:
    content, other = full[1].read_bytes(), tmp_path / "other.zip"
    with _nothing_changes(bank):
        for wrong in (b"", b"not a zip", content[:-1], content[: len(content) // 2]):
            other.write_bytes(wrong)
            with pytest.raises(NoArchive):
                _restore(bank, other)
        _rewritten(full[1], other, lambda name, content: None if name == MANIFEST else content)
        with pytest.raises(NoArchive):
            _restore(bank, other)
        for manifest in (b"{}", b"[1]", b"no json", b'{"product": "guanxi", "format": 1}'):
            _rewritten(full[1], other, lambda name, old, new=manifest: new if name == MANIFEST else old)  # type: ignore[misc]
            with pytest.raises(NoArchive):
                _restore(bank, other)
        with pytest.raises(FileNotFoundError):
            _restore(bank, tmp_path / "nothing.zip")


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: None if name == "tables/vault_box.copy" else content,
        lambda name, content: content + b"41\n" if name == "tables/vault_rung.copy" else content,
        lambda name, content: (
            content.replace(b"Box 7", b"Fox 7") if name == "tables/vault_box.copy" else content
        ),
        lambda name, content: b"nonsense\n" if name == "tables/core_user.copy" else content,
    ],
    ids=["missing", "a row more", "another value", "no rows"],
)
def test_members_that_are_whole_but_others_are_damage(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path, change: Callable[[str, bytes], bytes | None]
) -> None:
    other = _rewritten(full[1], tmp_path / "other.zip", change)
    with pytest.raises(ArchiveDamaged):
        verify(other)
    with _nothing_changes(bank), pytest.raises(ArchiveDamaged):
        _restore(bank, other)


def _with_manifest(path: Path, to: Path, change: Callable[[dict[str, object]], object]) -> Path:
    def rewrite(name: str, content: bytes) -> bytes:
        if name != MANIFEST:
            return content
        values = json.loads(content)
        change(values)
        return json.dumps(values).encode()

    return _rewritten(path, to, rewrite)


def test_a_manifest_leads_nowhere_but_to_the_tenants_own(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path
) -> None:
    with _nothing_changes(bank):
        for path in ("files/../../secret_key", "/etc/passwd", "postgres/x", "../files/x"):
            other = _with_manifest(
                full[1],
                tmp_path / "other.zip",
                lambda v, path=path: v["files"][0].update(path=path),  # type: ignore[misc]
            )
            with pytest.raises(NoArchive):
                _restore(bank, other)
        other = _with_manifest(full[1], tmp_path / "other.zip", lambda v: v.update(format=99))
        with pytest.raises(NewerFormat):
            _restore(bank, other)


def test_rows_that_break_a_key_are_refused(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    bank.archive(tenant, tmp_path / "a.zip")
    other = tmp_path / "b.zip"
    with bank.owner.begin() as connection:
        connection.exec_driver_sql(f'set local search_path to "{tenant.schema}"')
        connection.exec_driver_sql("update vault_shelf set best_box_id = null where id = 40")
        connection.exec_driver_sql("delete from vault_box where id = 40")
    bank.archive(tenant, other)
    with zipfile.ZipFile(other) as newer:
        fewer, manifest = newer.read("tables/vault_box.copy"), json.loads(newer.read(MANIFEST))
    boxes = next(table for table in manifest["tables"] if table["name"] == "vault_box")

    def change(name: str, content: bytes) -> bytes:
        if name == "tables/vault_box.copy":
            return fewer
        if name == MANIFEST:
            values = json.loads(content)
            values["tables"] = [
                boxes if table["name"] == "vault_box" else table for table in values["tables"]
            ]
            return json.dumps(values).encode()
        return content

    mixed = _rewritten(tmp_path / "a.zip", tmp_path / "mixed.zip", change)
    verify(mixed)
    with _nothing_changes(bank), pytest.raises(RowsRefused, match="vault_shelf"):
        _restore(bank, mixed)


@contextmanager
def _small_disk(size: int) -> Iterator[None]:
    """Files cannot grow beyond ``size`` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_leaves_no_half_archive(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path
) -> None:
    with _small_disk(8192), pytest.raises(StorageFull):
        bank.archive(full[0], tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_written_over(
    bank: Bank, full: tuple[Tenant, Path], tmp_path: Path
) -> None:
    path = tmp_path / "a.zip"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        bank.archive(full[0], path)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_attached_files_that_are_lost_are_named(bank: Bank, tmp_path: Path) -> None:
    tenant = bank.tenant()
    bank.fill(tenant)
    [name] = bank.files(tenant)
    path = bank.data / "files" / str(tenant.id) / name
    path.write_bytes(b"rotten")
    assert bank.archive(tenant, tmp_path / "rotten.zip").lost == (path.name,)
    path.unlink()
    manifest = bank.archive(tenant, tmp_path / "missing.zip")
    assert (manifest.lost, manifest.files) == ((path.name,), ())
    assert read_manifest(tmp_path / "missing.zip") == manifest
    assert isinstance(StorageFull(), GuanxiError)
