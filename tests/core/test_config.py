from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import config as config_room
from core.config import Config, ConfigError
from core.i18n import add_catalogue, speaking


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"GUANXI_DATA": str(tmp_path / "var")}


def read(environ: dict[str, str], **variables: str) -> Config:
    return Config.from_environ(environ | {f"GUANXI_{name}": value for name, value in variables.items()})


def test_nothing_set_means_development_with_the_embedded_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config.from_environ({})
    assert (config.data, config.host, config.port) == (tmp_path / "var", "127.0.0.1", 8000)
    assert (config.env, config.production, config.log) == ("development", False, "text")
    assert config.database_url is None
    assert config.owner_database_url is None
    assert (config.base_domain, config.platform_host) == ("localhost", "platform.localhost")
    assert (config.addons_path, config.smtp_url, config.outbound_allow) == ((), None, frozenset())


def test_the_process_environment_is_read_when_none_is_given(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANXI_DATA", environ["GUANXI_DATA"])
    monkeypatch.setenv("GUANXI_PORT", "8123")
    assert Config.from_environ().port == 8123


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://app:pw@db.example/guanxi", "postgresql+psycopg2://app:pw@db.example/guanxi"),
        (
            "postgresql://app@db:6432/guanxi?sslmode=require",
            "postgresql+psycopg2://app@db:6432/guanxi?sslmode=require",
        ),
        ("postgresql+psycopg2://app@db/guanxi", "postgresql+psycopg2://app@db/guanxi"),
        ("postgresql:///guanxi?host=/run/pg", "postgresql+psycopg2:///guanxi?host=/run/pg"),
        ("postgres://app:p%40%3A@[::1]:5433/guanxi", "postgresql+psycopg2://app:p%40%3A@[::1]:5433/guanxi"),
    ],
)
def test_every_database_address_is_driven_by_psycopg2(environ: dict[str, str], given: str, used: str) -> None:
    config = read(environ, DATABASE_URL=given, OWNER_DATABASE_URL=given)
    assert config.database_url == used
    assert config.owner_database_url == used


def test_a_generated_key_is_private_and_stays_the_same(environ: dict[str, str]) -> None:
    first, second = read(environ), read(environ)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) == 64
    kept = first.data / "secret_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in first.data.iterdir()] == ["secret_key"]


def test_programs_starting_at_once_agree_on_the_key(environ: dict[str, str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = {config.secret_key for config in pool.map(lambda _: read(environ), range(32))}
    assert len(keys) == 1


def test_two_data_folders_have_different_keys(tmp_path: Path) -> None:
    keys = {Config.from_environ({"GUANXI_DATA": str(tmp_path / name)}).secret_key for name in ("a", "b")}
    assert len(keys) == 2


def test_production_names_no_host_it_was_not_given(environ: dict[str, str]) -> None:
    config = read(environ, ENV="production", SECRET_KEY="k" * 32)
    assert config.production
    assert config.secret_key == b"k" * 32
    assert (config.base_domain, config.platform_host) == ("", "")
    assert not config.data.exists()
    named = read(environ, ENV="production", SECRET_KEY="k" * 32, BASE_DOMAIN="CRM.Example.com.")
    assert (named.base_domain, named.platform_host) == ("crm.example.com", "platform.crm.example.com")


def test_lists_are_read_whole(environ: dict[str, str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    config = read(
        environ,
        ADDONS_PATH=f"{tmp_path / 'one'}:{tmp_path / 'two'}:",
        OUTBOUND_ALLOW="Hooks.example:443, [::1]:8025,10.0.0.7:80",
        SMTP_URL="smtps://post:pw@mail.example:465",
    )
    assert config.addons_path == (tmp_path / "one", tmp_path / "two")
    assert config.outbound_allow == {("hooks.example", 443), ("::1", 8025), ("10.0.0.7", 80)}
    assert config.smtp_url == "smtps://post:pw@mail.example:465"


def test_secrets_do_not_show_in_logs(environ: dict[str, str]) -> None:
    config = read(
        environ, DATABASE_URL="postgres://app:hush@db/guanxi", SECRET_KEY="hush", SMTP_URL="smtp://a:hush@m"
    )
    assert "hush" not in repr(config)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eighty"),
        ("PORT", "-1"),
        ("PORT", "٨٠٨٠"),
        ("PORT", "0000080000"),
        ("ENV", "staging"),
        ("LOG", "xml"),
        ("DATABASE_URL", "mysql://root@db/guanxi"),
        ("DATABASE_URL", "postgresql+psycopg://app@db/guanxi"),
        ("DATABASE_URL", "postgres:guanxi"),
        ("DATABASE_URL", "postgres://app@db:port/guanxi"),
        ("DATABASE_URL", "postgres://app@db"),
        ("OWNER_DATABASE_URL", "postgres://owner@db/guanxi"),
        ("BASE_DOMAIN", "https://example.com"),
        ("PLATFORM_HOST", "platform.example.com:443"),
        ("ADDONS_PATH", "/nowhere/at/all"),
        ("SMTP_URL", "mail.example:25"),
        ("SMTP_URL", "smtp://"),
        ("OUTBOUND_ALLOW", "example.com"),
        ("OUTBOUND_ALLOW", "example.com:https"),
        ("OUTBOUND_ALLOW", "::1:80"),
        ("HOST", "127.0.0.1\x00"),
        ("DATA", "var\nother"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(
    environ: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(environ, **{name: value})
    sentence = str(caught.value)
    assert sentence.startswith(f"GUANXI_{name}: ")
    assert "\n" not in sentence


def test_no_sentence_repeats_a_password(environ: dict[str, str]) -> None:
    for address in (
        "postgres://app:hush@db:port/guanxi",
        "mysql://app:hush@db/guanxi",
        "postgres://app:hush@db",
    ):
        with pytest.raises(ConfigError) as caught:
            read(environ, DATABASE_URL=address)
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "short"])
def test_production_needs_a_long_secret_key(environ: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError, match="GUANXI_SECRET_KEY"):
        read(environ, ENV="production", SECRET_KEY=key)


def test_a_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with pytest.raises(ConfigError, match="GUANXI_DATA"):
        Config.from_environ({"GUANXI_DATA": str(tmp_path / "var")})


def test_the_sentence_is_in_the_language_of_the_reader(environ: dict[str, str]) -> None:
    add_catalogue(Path(config_room.__file__).parent / "translations")
    with speaking("zh"), pytest.raises(ConfigError, match="必须是 1 到 65535 之间的端口"):
        read(environ, PORT="x")
