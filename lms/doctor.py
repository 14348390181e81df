"""``lms doctor``: is everything there that the product needs on this machine? One finding for each thing.

Checks try the thing itself (a PDF is rendered, the database's own check is run) and change nothing. Each takes what
it looks at as an argument, so that a test can hand it a real fault. Texts are for the terminal: both languages.
"""

import ctypes
import enum
import fcntl
import math
import re
import shutil
import socket
import stat
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from lms.certification.documents import KAI, SONG, Paper, Renderer, RenderingError, code_points_of
from lms.config import SAMPLE_SECRET, Settings
from lms.core import clock
from lms.core.db import make_engine
from lms.core.errors import SetupError
from lms.core.schema import current_revision, head_revision
from lms.core.types import UTCDateTime


class Health(enum.Enum):
    """How a thing is: fine, worth a look, or broken (the product cannot do part of its work)."""

    OK = "✓ 正常 / OK"
    LOOK = "! 看一下 / look"
    BROKEN = "✗ 坏了 / broken"


@dataclass(frozen=True)
class Finding:
    """What was found about one thing, and what to do when it is not fine."""

    thing: str
    health: Health
    says: str
    mend: str = ""

    @property
    def line(self) -> str:
        """The finding as one line of the terminal."""
        told = f"{self.health.value}  {self.thing}: {self.says}"
        return f"{told} → {self.mend}" if self.mend else told


def packages(*names: str) -> str:
    """Return how to install packages of Debian."""
    command = f"apt-get install --no-install-recommends {' '.join(names)}"
    return f"请管理员运行 / ask the administrator to run: {command}"


# --- papers -----------------------------------------------------------------------------------------------

FONT_PACKAGES = {
    "Noto Serif CJK SC": "fonts-noto-cjk",
    "LXGW WenKai": "fonts-lxgw-wenkai",
    "BabelStone Han": "fonts-babelstone-han",
}
FONTS = "字体 / fonts"


def check_fonts(chains: Sequence[Sequence[str]] = (SONG, KAI)) -> Finding:
    """Look for the fonts of the certificates: the first of each chain must be there, the others hold rare characters.

    Opens each font, so a damaged file is found too.
    """
    try:
        missing = [family for family in dict.fromkeys(chain[0] for chain in chains) if not code_points_of(family)]
        spares = [family for chain in chains for family in chain[1:]]
        has_spare = any(code_points_of(family) for family in spares if family not in {chain[0] for chain in chains})
    except FileNotFoundError:
        return Finding(FONTS, Health.BROKEN, "没有 fontconfig / fontconfig is missing", packages("fontconfig"))
    except Exception as error:  # a font file can be damaged in many ways
        return Finding(
            FONTS,
            Health.BROKEN,
            f"字体文件坏了 / a font file is damaged: {error}",
            packages("--reinstall", *FONT_PACKAGES.values()),
        )
    if missing:
        names = "、".join(missing)
        return Finding(
            FONTS,
            Health.BROKEN,
            f"没有 {names}，证书做不出来 / {', '.join(missing)} missing, no certificate can be made",
            packages(*(FONT_PACKAGES.get(name, name) for name in missing)),
        )
    if not has_spare:
        return Finding(
            FONTS,
            Health.LOOK,
            "没有生僻字的字体，有的姓名印不出来 / no font for rare characters, some names cannot be printed",
            packages(FONT_PACKAGES["BabelStone Han"]),
        )
    return Finding(FONTS, Health.OK, "、".join(dict.fromkeys(chain[0] for chain in chains)))


PANGO = "Pango"
PANGO_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")


def check_pango(libraries: Sequence[str] = PANGO_LIBRARIES) -> Finding:
    """Load the libraries that lay out text, and say their version."""
    try:
        loaded = [ctypes.CDLL(name) for name in libraries]
    except OSError as error:
        return Finding(
            PANGO,
            Health.BROKEN,
            f"装不上，证书做不出来 / cannot be loaded, no certificate can be made ({error})",
            packages("libpango-1.0-0", "libpangoft2-1.0-0"),
        )
    loaded[0].pango_version_string.restype = ctypes.c_char_p
    return Finding(PANGO, Health.OK, loaded[0].pango_version_string().decode())


SUBSET = "harfbuzz-subset"


def check_subsetter(library: str = "libharfbuzz-subset.so.0") -> Finding:
    """Load the library that takes the characters in use out of a font."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return Finding(
            SUBSET,
            Health.LOOK,
            "没有，做证书会慢很多 / missing, making certificates takes much longer",
            packages("libharfbuzz-subset0"),
        )
    return Finding(SUBSET, Health.OK, library)


PDF = "证书 PDF / certificate PDF"
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_NAME = re.compile(rb"/FontName\s*/([A-Z]{6})\+([^\s/<>\[\]()]+)")
_PROBE = """<!doctype html><html lang="zh-Hans"><head><meta charset="utf-8"><title>lms doctor</title><style>
p{{font-family:"{song}"}} b{{font-family:"{kai}";font-weight:normal}}</style></head>
<body><p>网格学堂<b>学习证明</b></p></body></html>"""


def embedded_fonts(pdf: bytes) -> set[str]:
    """Return the families whose characters stand in a PDF itself, without the spaces and hyphens of their names."""
    parts = [pdf]
    for match in _STREAM.finditer(pdf):
        try:
            parts.append(zlib.decompress(match.group(1)))
        except zlib.error:
            continue
    if not any(b"/FontFile" in part for part in parts):
        return set()
    return {bare_name(name.decode("latin-1")) for part in parts for _, name in _NAME.findall(part)}


def bare_name(family: str) -> str:
    """Return a family's name with letters and digits only: PDF writes it with hyphens."""
    return "".join(char for char in family if char.isalnum())


def check_pdf(song: str = SONG[0], kai: str = KAI[0]) -> Finding:
    """Render a small paper as the worker does, and look whether both Chinese fonts stand in it."""
    paper = Paper(
        identifier="lms-doctor",
        made_at="2026-01-01T00:00:00Z",
        page=_PROBE.format(song=song, kai=kai),
        names="学习证明",
        words="网格学堂",
    )
    try:
        with Renderer() as renderer:
            rendered = renderer.render(paper)
    except RenderingError as error:
        return Finding(
            PDF,
            Health.BROKEN,
            f"做不出来 / cannot be made ({error})",
            "先修好上面几项，再运行 lms doctor / mend the lines above, then run lms doctor again",
        )
    found = embedded_fonts(rendered.pdf)
    lacking = [family for family in (song, kai) if not any(each.startswith(bare_name(family)) for each in found)]
    if lacking or rendered.missing:
        return Finding(
            PDF,
            Health.BROKEN,
            f"没有嵌入 {'、'.join(lacking)} / not embedded: {', '.join(lacking) or ''.join(rendered.missing)}",
            packages(*(FONT_PACKAGES.get(name, name) for name in lacking)),
        )
    size = f"{len(rendered.pdf) / 1000:.0f} kB"
    return Finding(PDF, Health.OK, f"试做一页，中文字体已嵌入 / a page was made, Chinese fonts embedded ({size})")


# --- the database -----------------------------------------------------------------------------------------

DATABASE = "数据库 / database"
_RESTORE = "先停下系统，用最近的副本恢复 / stop the product, restore the latest copy: lms restore FILE"


def check_database(url: str) -> Finding:
    """Open the database, compare its schema with this version, and run the database's own check on it."""
    try:
        engine = make_engine(url)
    except SetupError as error:
        return Finding(DATABASE, Health.BROKEN, str(error), "LMS_DATABASE_URL")
    try:
        if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
            return Finding(DATABASE, Health.BROKEN, "还没有建 / not made yet", "lms db upgrade")
        current, head = current_revision(engine), head_revision()
        if current != head:
            return Finding(
                DATABASE,
                Health.BROKEN,
                f"结构不是最新的：{current or '空'}，需要 {head} / the schema is at {current or 'nothing'}, not {head}",
                "lms db upgrade",
            )
        faults = _faults(engine)
        if faults:
            return Finding(DATABASE, Health.BROKEN, f"损坏 / damaged: {'; '.join(faults[:3])}", _RESTORE)
        return Finding(DATABASE, Health.OK, f"{engine.dialect.name}，结构 / schema {head}，没有损坏 / not damaged")
    except sa.exc.OperationalError as error:
        return Finding(
            DATABASE,
            Health.BROKEN,
            f"连不上 / cannot be opened: {error.orig}",
            "看 LMS_DATABASE_URL 和文件权限 / look at LMS_DATABASE_URL and who may read the file",
        )
    except sa.exc.DatabaseError as error:
        return Finding(DATABASE, Health.BROKEN, f"损坏 / damaged: {error.orig}", _RESTORE)
    except SetupError as error:
        return Finding(DATABASE, Health.BROKEN, str(error), _RESTORE)
    finally:
        engine.dispose()


def _faults(engine: sa.Engine) -> list[str]:
    """Return what the database finds wrong with itself; PostgreSQL is asked whether it keeps Chinese as it should."""
    with engine.execution_options(sqlite_begin="DEFERRED").connect() as connection:
        if engine.dialect.name == "postgresql":
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
            return [] if encoding == "UTF8" else [f"server_encoding {encoding}"]
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return [each for each in found if each != "ok"] + [f"{row[0]} {row[1]} → {row[2]}" for row in orphans]


# --- keys -------------------------------------------------------------------------------------------------

KEYS = "密钥 / keys"
SHORTEST_KEY = 32
FEWEST_CHARACTERS = 10
"""So many different characters stand in any 32 drawn at random."""


def is_weak(secret: str) -> bool:
    """Whether a secret is a sample, short, or a few characters repeated."""
    return secret == SAMPLE_SECRET or len(secret) < SHORTEST_KEY or len(set(secret)) < FEWEST_CHARACTERS


def check_keys(settings: Settings) -> Finding:
    """Look whether both secrets are strong, and whether only their owner may read the files they are kept in."""
    weak = [f"LMS_{name.upper()}" for name in ("secret_key", "audit_key") if is_weak(getattr(settings, name))]
    if weak:
        names = ", ".join(weak)
        return Finding(
            KEYS,
            Health.BROKEN,
            f"{names} 太弱，能被猜出来 / weak, it can be guessed",
            "删掉这一行设置，系统会自己生成 / remove the setting and one is made",
        )
    open_files = [path for path in sorted(settings.keys.glob("*.key")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_files:
        return Finding(
            KEYS,
            Health.BROKEN,
            f"别人也能读 / others may read {', '.join(path.name for path in open_files)}",
            f"chmod 600 {' '.join(str(path) for path in open_files)}",
        )
    return Finding(KEYS, Health.OK, "够强，只有本用户能读 / strong, readable by this user only")


# --- the clock --------------------------------------------------------------------------------------------

CLOCK = "时钟 / clock"
WRITTEN = datetime(2026, 11, 1, tzinfo=UTC)
"""This version did not exist before; a clock that says so is wrong."""
LEEWAY = timedelta(minutes=2)
LONG_QUIET = timedelta(days=180)
_SET_CLOCK = "对好机器的时间 / set the machine's clock"


def last_recorded(url: str) -> datetime | None:
    """Return when the latest entry of the audit trail was written, None without one or without a database."""
    trail = sa.table("audit_entry", sa.column("recorded_at", UTCDateTime()))
    engine = make_engine(url)
    try:
        if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
            return None
        with engine.execution_options(sqlite_begin="DEFERRED").connect() as connection:
            found: datetime | None = connection.scalar(sa.select(sa.func.max(trail.c.recorded_at)))
        return found
    except sa.exc.DBAPIError:
        return None  # the line of the database says why
    finally:
        engine.dispose()


def check_clock(last: datetime | None, *, offset_days: int = 0) -> Finding:
    """Compare the clock with the age of this version and with ``last``, when the trail was last written."""
    now = clock.real_now()
    shown = now.astimezone(clock.SHANGHAI)
    if shown.utcoffset() != timedelta(hours=8):
        return Finding(CLOCK, Health.BROKEN, "时区资料不对 / the time zone data are wrong", packages("tzdata"))
    told = f"北京时间 {shown:%Y-%m-%d %H:%M} / {shown:%Y-%m-%d %H:%M} in Beijing"
    if now < WRITTEN:
        return Finding(CLOCK, Health.BROKEN, f"太早了 / too early: {told}", _SET_CLOCK)
    if last is not None and now < last - LEEWAY:
        return Finding(
            CLOCK,
            Health.BROKEN,
            f"比最后一条审计记录还早 / earlier than the last entry of the audit trail "
            f"({last.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}): {told}",
            _SET_CLOCK,
        )
    if offset_days:
        return Finding(
            CLOCK,
            Health.LOOK,
            f"业务日期往后拨了 {offset_days} 天 / business time is moved {offset_days} days forward",
            "删掉 LMS_CLOCK_OFFSET_DAYS / remove LMS_CLOCK_OFFSET_DAYS",
        )
    if last is not None and now - last > LONG_QUIET:
        days = (now - last).days
        return Finding(
            CLOCK,
            Health.LOOK,
            f"{told}；最后一条审计记录是 {days} 天前 / the last entry of the audit trail is {days} days old",
            "如果系统一直在用，就是时间不对 / if the product was in use, the clock is wrong",
        )
    return Finding(CLOCK, Health.OK, f"{told}，和墙上的钟对一对 / compare it with the one on the wall")


# --- the disk ---------------------------------------------------------------------------------------------

DISK = "磁盘 / disk"
MEGABYTE = 1_000_000
LEAST_FREE = 200 * MEGABYTE
GOOD_FREE = 1_000 * MEGABYTE


def database_bytes(url: str) -> int:
    """Return the size of the database, 0 when it cannot be asked."""
    try:
        engine = make_engine(url)
    except SetupError:
        return 0
    try:
        if engine.dialect.name == "sqlite":
            file = Path(str(engine.url.database))
            return sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.exists())
        with engine.connect() as connection:
            size: int = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        return size
    except sa.exc.DBAPIError:
        return 0
    finally:
        engine.dispose()


def folder_bytes(folder: Path) -> int:
    """Return the size of the files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def free_bytes(folder: Path) -> int:
    """Return how much this user may still write to the disk of a folder."""
    return shutil.disk_usage(folder).free


def check_disk(folder: Path, kept: int, *, free: Callable[[Path], int] = free_bytes) -> Finding:
    """Compare the free space of the instance's disk with ``kept``, the bytes of database and documents.

    A copy of everything must fit, else no backup can be made: broken. Room for three copies is fine.
    """
    there, needed, good = free(folder), LEAST_FREE + kept, GOOD_FREE + 3 * kept
    told = f"空 {_megabytes(there)}，数据占 {_megabytes(kept)} / {_megabytes(there)} free, {_megabytes(kept)} of data"
    if there >= good:
        return Finding(DISK, Health.OK, told)
    mend = (
        f"腾出 {_megabytes(good - there)}，或换大的磁盘，旧副本在 {folder / 'backups'} / "
        f"free {_megabytes(good - there)} or take a larger disk; old copies are in {folder / 'backups'}"
    )
    return Finding(DISK, Health.BROKEN if there < needed else Health.LOOK, told, mend)


def _megabytes(size: int) -> str:
    return f"{math.ceil(size / MEGABYTE):,} MB"


# --- phones -----------------------------------------------------------------------------------------------

PHONES = "手机网址 / address for phones"
EVERYWHERE = frozenset({"0.0.0.0", "", "::"})  # noqa: S104 - what is compared, not listened on
_SIOCGIFADDR = 0x8915


def lan_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine's network cards, loopback aside. Sends nothing."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name[:15].encode()))
            except OSError:
                continue  # a card without an address
            address = socket.inet_ntoa(answer[20:24])
            if not address.startswith("127."):
                found.append(address)
    return found


def check_phones(settings: Settings, addresses: Iterable[str]) -> Finding:
    """Say what phones in the same network can type, and whether the product listens there and answers to it."""
    addresses = list(addresses)
    if settings.behind_proxy and settings.public_base_url:
        return Finding(PHONES, Health.OK, f"{settings.public_base_url} （经代理 / through the proxy）")
    absent = [path for path in (settings.certfile, settings.keyfile) if path and not Path(path).is_file()]
    if absent:
        return Finding(
            PHONES,
            Health.BROKEN,
            f"没有证书文件 / no such file: {', '.join(absent)}",
            "改 LMS_CERTFILE 和 LMS_KEYFILE / correct LMS_CERTFILE and LMS_KEYFILE",
        )
    if settings.host.startswith("127.") or settings.host in {"localhost", "::1"}:
        shown = f"（{'、'.join(addresses)}）" if addresses else ""
        return Finding(
            PHONES,
            Health.LOOK,
            f"只有本机能打开 / this machine alone can open it {shown}".rstrip(),
            "手机也要用 / to let phones in: HOST=0.0.0.0 make run",
        )
    if settings.host not in EVERYWHERE and settings.host not in addresses:
        return Finding(
            PHONES,
            Health.BROKEN,
            f"本机没有地址 {settings.host} / this machine has no address {settings.host}",
            f"LMS_HOST=0.0.0.0 （本机 / this machine: {', '.join(addresses) or '-'}）",
        )
    reachable = addresses if settings.host in EVERYWHERE else [settings.host]
    if not reachable:
        return Finding(
            PHONES,
            Health.LOOK,
            "没有连上网络 / not connected to a network",
            "接上网线或无线网 / plug in a cable or join the wireless network",
        )
    names = [name for name in settings.hosts if not name.startswith("127.") and name != "localhost"]
    answered = [each for each in reachable if each in settings.hosts] if settings.hosts else reachable
    if settings.hosts and not answered and not names:
        return Finding(
            PHONES,
            Health.BROKEN,
            "LMS_TRUSTED_HOSTS 不认这些网址 / refuses these addresses: " + ", ".join(reachable),
            f"LMS_TRUSTED_HOSTS={','.join([*settings.hosts, *reachable])}",
        )
    scheme = "https" if settings.certfile else "http"
    links = [f"{scheme}://{each}:{settings.port}" for each in answered or names]
    return Finding(PHONES, Health.OK, "  ".join(links))


# --- all of it --------------------------------------------------------------------------------------------


def examine(settings: Settings) -> list[Finding]:
    """Return what was found about everything, in the order in which it is best mended."""
    kept = database_bytes(settings.database_url) + folder_bytes(settings.files)
    return [
        check_fonts(),
        check_pango(),
        check_subsetter(),
        check_pdf(),
        check_database(settings.database_url),
        check_keys(settings),
        check_clock(last_recorded(settings.database_url), offset_days=settings.clock_offset_days),
        check_disk(settings.instance, kept),
        check_phones(settings, lan_addresses()),
    ]
