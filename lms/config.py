"""All settings of the product: every key once, with its type, default and reason.

Values come from ``LMS_*`` environment variables, then from ``instance/settings.env``, then the default.
docs/settings.md is made from this file (``lms settings --markdown``), a test compares the two.
"""

import fcntl
import os
import secrets
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from lms.core.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECRET = "change-me-change-me-change-me-change-me"  # noqa: S105

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
AT_LEAST_ONE = (
    "workers",
    "threads",
    "session_idle_minutes",
    "session_hours",
    "argon2_memory_kib",
    "argon2_time",
    "job_lease_seconds",
)


def _key(default: Any, reason: str) -> Any:
    return field(default=default, metadata={"reason": reason})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in force. Read once at start; nothing reads the environment later."""

    env: str = _key("development", "development or production; production refuses unsafe settings")
    instance: Path = _key(ROOT / "instance", "folder of local state: database, keys, files; never committed")
    content_root: Path = _key(ROOT, "folder that holds courses/, quizzes/ and certificates/")
    database_url: str = _key("", "sqlite:///PATH or postgresql://…; empty means instance/lms.sqlite")
    secret_key: str = _key("", "signs cookies; empty means instance/keys/secret.key, made at the first start")
    audit_key: str = _key("", "keyed hash of personal values in the audit trail; empty means instance/keys/audit.key")
    host: str = _key("127.0.0.1", "address to listen on; 0.0.0.0 lets phones in the same network in")
    port: int = _key(8000, "port to listen on")
    workers: int = _key(2, "web processes")
    threads: int = _key(4, "threads of each web process")
    demo: bool = _key(True, "load the made-up sub-district at the first start; 0 starts an empty organisation")
    debug: bool = _key(False, "error pages with source code; refused in production")
    public_base_url: str = _key("", "https address that QR codes and links carry; empty means the request's own")
    trusted_hosts: str = _key("", "comma-separated host names to answer to; empty means all (development only)")
    behind_proxy: bool = _key(False, "one reverse proxy in front sets X-Forwarded-For and -Proto")
    certfile: str = _key("", "PEM certificate, to serve https without a proxy")
    keyfile: str = _key("", "PEM key that belongs to certfile")
    default_language: str = _key("zh", "zh or en: language of pages before a person has chosen one")
    session_idle_minutes: int = _key(30, "a session ends after this long without a request")
    session_hours: int = _key(12, "a session ends after this long in any case")
    argon2_memory_kib: int = _key(19456, "memory of one password hash (OWASP's second profile)")
    argon2_time: int = _key(2, "rounds of one password hash")
    help_phone: str = _key("", "the office's telephone number, shown at the foot of every page")
    clock_offset_days: int = _key(0, "moves business time forward, to try deadlines by hand; refused in production")
    quiz_wait_minutes: int = _key(10, "minutes between two attempts at the same course quiz; 0 lets people try at once")
    job_lease_seconds: int = _key(20, "a job not heard of for this long is given out again")
    log_level: str = _key("INFO", "DEBUG, INFO, WARNING or ERROR")

    @property
    def is_production(self) -> bool:
        return self.env == "production"

    @property
    def clock_hand(self) -> Path:
        """The file by which ``lms demo clock`` moves business time of the processes that run."""
        return self.instance / "demo-clock"

    @property
    def keys(self) -> Path:
        """The folder of secrets, readable by the owner only."""
        return self.instance / "keys"

    @property
    def files(self) -> Path:
        """The folder of rendered and uploaded files."""
        return self.instance / "files"

    @property
    def hosts(self) -> list[str]:
        return [host.strip() for host in self.trusted_hosts.split(",") if host.strip()]


def _convert(name: str, text: str, kind: Any) -> Any:
    if kind is bool:
        if text.lower() in {"1", "true", "yes", "on"}:
            return True
        if text.lower() in {"0", "false", "no", "off", ""}:
            return False
        raise SetupError(f"LMS_{name.upper()}={text!r}: 写 1 或 0 / write 1 or 0")
    if kind is int:
        try:
            return int(text)
        except ValueError as error:
            raise SetupError(f"LMS_{name.upper()}={text!r}: 要写整数 / must be a whole number") from error
    if kind is Path:
        return Path(text).expanduser().resolve()
    return text


def read_env_file(path: Path) -> dict[str, str]:
    """Return the ``LMS_…=value`` lines of a settings file; blank lines and ``#`` lines are skipped.

    Raises SetupError with the line number for anything else.
    """
    values: dict[str, str] = {}
    if not path.exists():
        return values
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().startswith("LMS_"):
            raise SetupError(f"{path}:{number}: 每行写成 LMS_名称=值 / write each line as LMS_NAME=value")
        values[name.strip()] = value.strip().strip("\"'")
    return values


def _secret_from(path: Path) -> str:
    """Return the secret kept in a file, making it at the first start (mode 0600, never overwritten).

    The file appears whole or not at all: neither a crash nor a second process may see an empty secret.
    """
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (path.parent / "keys.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            part = path.with_name(path.name + ".part")
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
    return path.read_text(encoding="utf-8").strip()


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings and make the instance folder and its keys when they are missing.

    ``environ`` stands in for the process environment (tests); ``overrides`` win over everything.
    Raises SetupError for an unknown ``LMS_`` key, a value of the wrong kind, or an unsafe production setting.
    """
    environ = os.environ if environ is None else environ
    known = {each.name: each for each in fields(Settings)}
    instance = overrides.get("instance") or Path(environ.get("LMS_INSTANCE", str(ROOT / "instance"))).resolve()
    values: dict[str, Any] = {"instance": instance}
    sources = {**read_env_file(Path(instance) / "settings.env"), **environ}
    for variable, text in sources.items():
        if not variable.startswith("LMS_") or variable.startswith("LMS_TEST_"):
            continue
        name = variable[4:].lower()
        if name not in known:
            raise SetupError(f"{variable}: 没有这个设置 / there is no such setting (docs/settings.md)")
        if name != "instance":
            values[name] = _convert(name, text, known[name].type)
    values.update(overrides)
    settings = Settings(**values)
    settings.instance.mkdir(parents=True, exist_ok=True)
    made: dict[str, Any] = {}
    if not settings.database_url:
        made["database_url"] = f"sqlite:///{settings.instance / 'lms.sqlite'}"
    if not settings.secret_key:
        made["secret_key"] = _secret_from(settings.keys / "secret.key")
    if not settings.audit_key:
        made["audit_key"] = _secret_from(settings.keys / "audit.key")
    settings = Settings(**{**{each.name: getattr(settings, each.name) for each in fields(settings)}, **made})
    refuse_unsafe(settings)
    return settings


def refuse_unsafe(settings: Settings) -> None:
    """Raise SetupError, listing everything at once, when a setting does not fit the environment."""
    problems: list[str] = []
    if settings.env not in {"development", "production"}:
        problems.append("LMS_ENV: development 或 production / development or production")
    if settings.default_language not in {"zh", "en"}:
        problems.append("LMS_DEFAULT_LANGUAGE: zh 或 en / zh or en")
    if settings.clock_offset_days < 0:
        problems.append("LMS_CLOCK_OFFSET_DAYS: 只能往后拨 / can only move forward")
    if settings.quiz_wait_minutes < 0:
        problems.append("LMS_QUIZ_WAIT_MINUTES: 0 或更多 / 0 or more")
    if not 1 <= settings.port <= 65535:
        problems.append("LMS_PORT: 1 到 65535 / from 1 to 65535")
    problems += [
        f"LMS_{name.upper()}: 至少是 1 / must be at least 1" for name in AT_LEAST_ONE if getattr(settings, name) < 1
    ]
    if settings.log_level not in LOG_LEVELS:
        problems.append(f"LMS_LOG_LEVEL: {', '.join(LOG_LEVELS)}")
    if bool(settings.certfile) != bool(settings.keyfile):
        problems.append("LMS_CERTFILE 和 LMS_KEYFILE 要一起写 / belong together")
    if settings.is_production:
        for name in ("secret_key", "audit_key"):
            value = getattr(settings, name)
            if value == SAMPLE_SECRET or len(value) < 32:
                problems.append(
                    f"LMS_{name.upper()}: 示例密钥或太短，删掉这一行会自动生成 / "
                    "a sample or short secret; remove the line and one is made"
                )
        if settings.debug:
            problems.append("LMS_DEBUG: 正式使用不能打开 / must be off in production")
        if settings.clock_offset_days:
            problems.append("LMS_CLOCK_OFFSET_DAYS: 正式使用不能拨时钟 / the clock cannot be moved in production")
        if settings.demo:
            problems.append("LMS_DEMO: 正式使用要写 0 / must be 0 in production (demo accounts have known passwords)")
        if not settings.public_base_url.startswith("https://"):
            problems.append("LMS_PUBLIC_BASE_URL: 写 https:// 开头的网址 / must be the https:// address")
        if not settings.hosts:
            problems.append("LMS_TRUSTED_HOSTS: 写本单位的域名 / must name the host")
    if problems:
        raise SetupError("\n".join(problems))


def describe() -> list[tuple[str, str, str]]:
    """Return (variable, default, reason) for every key, in the order of this file."""
    rows = []
    for each in fields(Settings):
        default = "" if each.default is MISSING else each.default
        shown = str(default).replace(str(ROOT), ".") if isinstance(default, Path) else str(default)
        rows.append((f"LMS_{each.name.upper()}", shown, each.metadata["reason"]))
    return rows
