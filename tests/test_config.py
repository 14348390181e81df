"""Settings: every mistake is named with its mend before anything runs on it."""

import secrets
import stat
from pathlib import Path
from typing import Any

import pytest

from lms import config
from lms.config import SAMPLE_SECRET, Settings, describe, load_settings, read_env_file
from lms.core.errors import SetupError
from tests.racing import all_fine, together

SAFE = {
    "LMS_ENV": "production",
    "LMS_DEMO": "0",
    "LMS_PUBLIC_BASE_URL": "https://xuetang.example.cn",
    "LMS_TRUSTED_HOSTS": "xuetang.example.cn, www.example.cn",
}


def load(folder: Path, environ: dict[str, str] | None = None, **overrides: Any) -> Settings:
    return load_settings({"LMS_INSTANCE": str(folder), **(environ or {})}, **overrides)


# --- where values come from --------------------------------------------------------------------------------------


def test_without_anything_the_defaults_hold_and_the_database_lies_in_the_instance(tmp_path: Path) -> None:
    settings = load(tmp_path / "new")
    assert settings.instance == tmp_path / "new"
    assert settings.database_url == f"sqlite:///{tmp_path / 'new' / 'lms.sqlite'}"
    assert (settings.env, settings.port, settings.demo, settings.is_production) == ("development", 8000, True, False)
    assert (settings.keys, settings.files) == (tmp_path / "new" / "keys", tmp_path / "new" / "files")


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    (tmp_path / "settings.env").write_text("LMS_PORT=8100\nLMS_WORKERS=3\n", encoding="utf-8")
    settings = load(tmp_path, {"LMS_PORT": "8200"})
    assert (settings.port, settings.workers, settings.threads) == (8200, 3, 4)
    assert load(tmp_path, {"LMS_PORT": "8200"}, port=8300).port == 8300


def test_a_file_may_hold_comments_quotes_spaces_and_chinese(tmp_path: Path) -> None:
    path = tmp_path / "settings.env"
    path.write_text(
        "# 本街道的设置\n\n  LMS_HELP_PHONE = '0571-1234 值班室'\nLMS_SECRET_KEY=\"a=b=c\"\nLMS_CERTFILE=\n",
        encoding="utf-8",
    )
    assert read_env_file(path) == {
        "LMS_HELP_PHONE": "0571-1234 值班室",
        "LMS_SECRET_KEY": "a=b=c",
        "LMS_CERTFILE": "",
    }
    assert read_env_file(tmp_path / "not_there.env") == {}


@pytest.mark.parametrize("line", ["LMS_PORT 8000", "PORT=8000", "export LMS_PORT=8000", "=8000"])
def test_a_line_that_cannot_be_read_is_named_by_file_and_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings.env").write_text(f"# first\n\n{line}\n", encoding="utf-8")
    with pytest.raises(SetupError, match=r"settings\.env:3: .*LMS_NAME=value"):
        load(tmp_path)


@pytest.mark.parametrize("source", ["environment", "file"])
def test_an_unknown_setting_is_refused(tmp_path: Path, source: str) -> None:
    """A misspelt LMS_SECRET_KEY must not silently mean "no key given"."""
    if source == "file":
        (tmp_path / "settings.env").write_text("LMS_SECRETKEY=x\n", encoding="utf-8")
    with pytest.raises(SetupError, match=r"LMS_SECRETKEY.*no such setting"):
        load(tmp_path, {"LMS_SECRETKEY": "x"} if source == "environment" else {})


def test_variables_of_others_and_of_the_tests_are_left_alone(tmp_path: Path) -> None:
    load(tmp_path, {"PORT": "x", "PATH": "/bin", "LMS_TEST_DATABASE_URL": "postgresql://x"})


# --- kinds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", True),
        ("true", True),
        ("YES", True),
        ("On", True),
        ("0", False),
        ("no", False),
        ("OFF", False),
        ("", False),
    ],
)
def test_yes_and_no_can_be_written_in_several_ways(tmp_path: Path, text: str, value: bool) -> None:
    assert load(tmp_path, {"LMS_DEMO": text}).demo is value


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("LMS_DEMO", "maybe", "write 1 or 0"),
        ("LMS_PORT", "80a", "whole number"),
        ("LMS_PORT", "", "whole number"),
        ("LMS_PORT", "80.5", "whole number"),
        ("LMS_PORT", "0", "65535"),
        ("LMS_PORT", "65536", "65535"),
        ("LMS_WORKERS", "0", "at least 1"),
        ("LMS_THREADS", "-1", "at least 1"),
        ("LMS_JOB_LEASE_SECONDS", "0", "at least 1"),
        ("LMS_SESSION_HOURS", "0", "at least 1"),
        ("LMS_SESSION_IDLE_MINUTES", "0", "at least 1"),
        ("LMS_ARGON2_TIME", "0", "at least 1"),
        ("LMS_LOG_LEVEL", "LOUD", "DEBUG"),
        ("LMS_ENV", "prod", "production"),
        ("LMS_DEFAULT_LANGUAGE", "de", "zh or en"),
        ("LMS_CLOCK_OFFSET_DAYS", "-1", "forward"),
        ("LMS_CERTFILE", "/tls.pem", "together"),
        ("LMS_KEYFILE", "/tls.key", "together"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_name(tmp_path: Path, variable: str, text: str, says: str) -> None:
    with pytest.raises(SetupError, match=says) as caught:
        load(tmp_path, {variable: text})
    assert variable in str(caught.value)


def test_paths_become_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"LMS_INSTANCE": "here", "LMS_CONTENT_ROOT": "../texts"})
    assert settings.instance == tmp_path / "here"
    assert settings.content_root == (tmp_path.parent / "texts")


def test_host_names_are_split(tmp_path: Path) -> None:
    assert load(tmp_path, SAFE).hosts == ["xuetang.example.cn", "www.example.cn"]
    assert load(tmp_path).hosts == []


# --- secrets -----------------------------------------------------------------------------------------------------


def test_secrets_are_made_once_for_the_owner_only_and_kept(tmp_path: Path) -> None:
    first = load(tmp_path)
    assert len(first.secret_key) >= 43
    assert len(first.audit_key) >= 43
    assert first.secret_key != first.audit_key
    for name in ("secret.key", "audit.key"):
        path = first.keys / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text(encoding="utf-8") in {first.secret_key, first.audit_key}
    assert stat.S_IMODE(first.keys.stat().st_mode) == 0o700
    second = load(tmp_path)
    assert (second.secret_key, second.audit_key) == (first.secret_key, first.audit_key)


def test_a_secret_that_is_given_makes_no_file(tmp_path: Path) -> None:
    settings = load(tmp_path, {"LMS_SECRET_KEY": "s" * 40, "LMS_AUDIT_KEY": "a" * 40})
    assert (settings.secret_key, settings.audit_key) == ("s" * 40, "a" * 40)
    assert not settings.keys.exists()


def test_several_processes_at_the_first_start_agree_on_the_secrets(tmp_path: Path) -> None:
    """Two web processes with different keys would sign each other's users out."""
    found = all_fine(together(*[lambda: load(tmp_path)] * 8))
    assert len({(each.secret_key, each.audit_key) for each in found}) == 1
    assert found[0].secret_key


def test_a_secret_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is killed after it opened the file: the next start must not run with an empty key."""

    def killed(_length: int) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(secrets, "token_urlsafe", killed)
        with pytest.raises(KeyboardInterrupt):
            load(tmp_path)
    assert not (tmp_path / "keys" / "secret.key").exists()
    assert len(load(tmp_path).secret_key) >= 43


def test_kept_secrets_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    first = load(tmp_path)
    (first.keys / "keys.lock").unlink()
    first.keys.chmod(0o500)
    assert load(tmp_path).secret_key == first.secret_key
    assert not (first.keys / "keys.lock").exists()
    first.keys.chmod(0o700)


# --- production --------------------------------------------------------------------------------------------------


def test_production_refuses_everything_unsafe_at_once(tmp_path: Path) -> None:
    """An administrator must not have to start seven times to learn of seven mistakes."""
    with pytest.raises(SetupError) as caught:
        load(
            tmp_path,
            {
                "LMS_ENV": "production",
                "LMS_SECRET_KEY": SAMPLE_SECRET,
                "LMS_AUDIT_KEY": "short",
                "LMS_DEBUG": "1",
                "LMS_CLOCK_OFFSET_DAYS": "3",
                "LMS_PUBLIC_BASE_URL": "http://xuetang.example.cn",
            },
        )
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == [
        "LMS_SECRET_KEY",
        "LMS_AUDIT_KEY",
        "LMS_DEBUG",
        "LMS_CLOCK_OFFSET_DAYS",
        "LMS_DEMO",
        "LMS_PUBLIC_BASE_URL",
        "LMS_TRUSTED_HOSTS",
    ]


def test_a_safe_production_starts_with_secrets_of_its_own(tmp_path: Path) -> None:
    settings = load(tmp_path, SAFE)
    assert settings.is_production
    assert len(settings.secret_key) >= 43


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("LMS_DEMO", "1"),
        ("LMS_DEBUG", "1"),
        ("LMS_CLOCK_OFFSET_DAYS", "1"),
        ("LMS_SECRET_KEY", "x" * 31),
        ("LMS_AUDIT_KEY", "x" * 31),
        ("LMS_PUBLIC_BASE_URL", ""),
        ("LMS_TRUSTED_HOSTS", " , "),
    ],
)
def test_each_of_them_alone_is_enough(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(SetupError, match=variable):
        load(tmp_path, {**SAFE, variable: text})


def test_development_may_do_all_that(tmp_path: Path) -> None:
    settings = load(tmp_path, {"LMS_DEBUG": "1", "LMS_CLOCK_OFFSET_DAYS": "3", "LMS_SECRET_KEY": "short"})
    assert settings.debug


# --- the list ----------------------------------------------------------------------------------------------------


def test_every_setting_is_described_and_no_path_of_this_machine_shows() -> None:
    rows = describe()
    assert len({variable for variable, _, _ in rows}) == len(rows) >= 25
    for variable, default, reason in rows:
        assert variable.startswith("LMS_")
        assert len(reason) > 10, variable
        assert str(config.ROOT) not in default
