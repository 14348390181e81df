"""``lms doctor``: every check is shown a real fault, and a sound instance is called sound."""

import shutil
import socket
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pypdf import PdfReader

from lms import doctor
from lms.certification.documents import KAI, SONG, Paper, Renderer
from lms.cli import main
from lms.config import SAMPLE_SECRET, Settings, load_settings
from lms.core import clock
from lms.core.schema import head_revision
from lms.doctor import Health
from lms.migrations import run as migrations
from tests.conftest import Site, Templates
from tests.world import NOW

NO_SUCH_FONT = "No Such Font"
STRONG = "k3Jq8ZpXw-71vTnRbC_5sYdLmEuGhAo2"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings as a first start makes them."""
    return load_settings({}, instance=tmp_path / "instance")


# --- papers ------------------------------------------------------------------------------------------------------


def test_the_fonts_of_the_certificates_are_there() -> None:
    assert doctor.check_fonts().health is Health.OK


@pytest.mark.parametrize("chain", [(NO_SUCH_FONT,), (NO_SUCH_FONT, *SONG)])
def test_a_missing_font_is_named_with_its_package(chain: tuple[str, ...]) -> None:
    found = doctor.check_fonts([chain, KAI])
    assert found.health is Health.BROKEN
    assert NO_SUCH_FONT in found.says
    assert "apt-get install" in found.mend


def test_without_a_font_for_rare_characters_it_is_worth_a_look() -> None:
    found = doctor.check_fonts([(SONG[0], NO_SUCH_FONT), (KAI[0], SONG[0])])
    assert found.health is Health.LOOK
    assert "fonts-babelstone-han" in found.mend


def test_without_fontconfig_it_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = doctor.check_fonts([("A Font Nobody Asked For Yet",)])
    assert found.health is Health.BROKEN
    assert "fontconfig" in found.mend


def test_pango_says_its_version() -> None:
    found = doctor.check_pango()
    assert found.health is Health.OK
    assert found.says.startswith("1.")


def test_a_missing_library_is_named() -> None:
    found = doctor.check_pango(["libpango-9.9.so.0"])
    assert found.health is Health.BROKEN
    assert "libpango-9.9.so.0" in found.says
    assert "libpango-1.0-0" in found.mend


def test_the_library_for_subsets_is_worth_a_look_only() -> None:
    assert doctor.check_subsetter().health is Health.OK
    assert doctor.check_subsetter("libharfbuzz-nothing.so.0").health is Health.LOOK


def test_a_paper_is_rendered_with_both_fonts_in_it() -> None:
    assert doctor.check_pdf().health is Health.OK


def test_a_font_that_did_not_get_into_the_paper_is_named() -> None:
    """fontconfig gives something for every name, so the paper is made, with another font."""
    found = doctor.check_pdf(kai=NO_SUCH_FONT)
    assert found.health is Health.BROKEN
    assert NO_SUCH_FONT in found.says
    assert SONG[0] not in found.says


def test_a_renderer_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lms.certification.documents.sys.executable", "/bin/false")
    found = doctor.check_pdf()
    assert found.health is Health.BROKEN
    assert "did not answer" in found.says


def test_the_embedded_fonts_are_those_that_another_reader_finds(tmp_path: Path) -> None:
    page = (
        '<!doctype html><html lang="zh"><head><title>t</title><style>p{font-family:"Noto Serif CJK SC"}</style></head>'
    )
    with Renderer() as renderer:
        rendered = renderer.render(Paper("a", "2026-01-01T00:00:00Z", f"{page}<p>网格</p></html>", "网", "格"))
    (tmp_path / "a.pdf").write_bytes(rendered.pdf)
    fonts = PdfReader(tmp_path / "a.pdf").pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    names = {str(font.get_object()["/BaseFont"]).rpartition("+")[2] for font in fonts}
    assert {doctor.bare_name(name) for name in names} == doctor.embedded_fonts(rendered.pdf) != set()
    assert doctor.embedded_fonts(b"%PDF-1.7 /FontName /ABCDEF+Noto-Serif") == set()  # named, but not in the file


# --- the database ------------------------------------------------------------------------------------------------


def test_a_migrated_database_is_sound(site: Site) -> None:
    found = doctor.check_database(site.settings.database_url)
    assert found.health is Health.OK, found
    assert head_revision() in found.says


def test_an_unmigrated_database_is_broken(templates: Templates, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}" if templates.backend == "sqlite" else templates.server().create("bare")
    if templates.backend == "sqlite":
        assert "not made yet" in doctor.check_database(url).says
        assert not (tmp_path / "new.sqlite").exists()  # looking makes nothing
        (tmp_path / "new.sqlite").touch()
    found = doctor.check_database(url)
    assert found.health is Health.BROKEN
    assert "nothing" in found.says
    assert found.mend == "lms db upgrade"


def test_an_older_schema_is_broken(site: Site) -> None:
    migrations.downgrade(site.settings.database_url, "-1")
    found = doctor.check_database(site.settings.database_url)
    assert found.health is Health.BROKEN
    assert found.mend == "lms db upgrade"


def test_a_damaged_file_is_told_with_the_way_back(tmp_path: Path) -> None:
    file = tmp_path / "a.sqlite"
    migrations.upgrade(f"sqlite:///{file}")
    whole = bytearray(file.read_bytes())
    whole[40_000:80_000] = b"\x5a" * 40_000
    file.write_bytes(whole)
    found = doctor.check_database(f"sqlite:///{file}")
    assert found.health is Health.BROKEN
    assert "damaged" in found.says
    assert "lms restore" in found.mend


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_text("a letter to the office" * 100, encoding="utf-8")
    assert "damaged" in doctor.check_database(f"sqlite:///{tmp_path / 'a.sqlite'}").says


def test_a_row_that_lost_its_other_half_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.sqlite'}"
    migrations.upgrade(url)
    engine = sa.create_engine(url)  # without our settings, which would refuse it
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE stray (id INTEGER, unit_id INTEGER REFERENCES org_unit (id))")
        connection.exec_driver_sql("INSERT INTO stray VALUES (1, 999)")
    engine.dispose()
    assert "stray 1 → org_unit" in doctor.check_database(url).says


def test_a_server_that_does_not_answer_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        found = doctor.check_database(f"postgresql://lms@127.0.0.1:{taken.getsockname()[1]}/lms?connect_timeout=2")
    assert found.health is Health.BROKEN
    assert "LMS_DATABASE_URL" in found.mend


def test_a_database_we_do_not_know_is_told() -> None:
    assert "mysql" in doctor.check_database("mysql://a/b").says


# --- keys --------------------------------------------------------------------------------------------------------


def test_the_keys_of_a_first_start_are_strong(settings: Settings) -> None:
    assert doctor.check_keys(settings).health is Health.OK


@pytest.mark.parametrize("weak", ["", "short", SAMPLE_SECRET, "a" * 64, "abcabc" * 20])
@pytest.mark.parametrize("name", ["secret_key", "audit_key"])
def test_a_weak_key_is_named(settings: Settings, name: str, weak: str) -> None:
    values: dict[str, Any] = {name: weak}
    found = doctor.check_keys(replace(settings, **values))
    assert found.health is Health.BROKEN
    assert found.says.startswith(f"LMS_{name.upper()} ")


def test_a_key_file_that_others_may_read_is_named(settings: Settings) -> None:
    (settings.keys / "audit.key").chmod(0o644)
    found = doctor.check_keys(settings)
    assert found.health is Health.BROKEN
    assert "audit.key" in found.mend
    assert "secret.key" not in found.mend


# --- the clock ---------------------------------------------------------------------------------------------------


def test_a_clock_after_the_last_entry_is_plausible() -> None:
    found = doctor.check_clock(NOW - timedelta(days=1))
    assert found.health is Health.OK
    assert "2026-11-24 10:00" in found.says
    assert doctor.check_clock(None).health is Health.OK
    assert doctor.check_clock(NOW + timedelta(seconds=30)).health is Health.OK  # corrected a little since


def test_a_clock_before_the_last_entry_is_broken(site: Site) -> None:
    last = doctor.last_recorded(site.settings.database_url)
    assert last == NOW
    clock.freeze(NOW - timedelta(days=2))
    found = doctor.check_clock(last)
    assert found.health is Health.BROKEN
    assert "earlier than the last entry" in found.says


def test_a_clock_from_before_this_version_is_broken() -> None:
    clock.freeze(NOW.replace(year=2016))
    assert doctor.check_clock(None).health is Health.BROKEN


def test_a_clock_far_after_the_last_entry_and_a_moved_one_are_worth_a_look() -> None:
    assert doctor.check_clock(NOW - timedelta(days=400)).health is Health.LOOK
    assert doctor.check_clock(NOW, offset_days=3).health is Health.LOOK


def test_no_database_has_no_last_entry(templates: Templates, tmp_path: Path) -> None:
    assert doctor.last_recorded(f"sqlite:///{tmp_path / 'none.sqlite'}") is None
    assert not (tmp_path / "none.sqlite").exists()
    if templates.backend == "postgresql":
        assert doctor.last_recorded(templates.server().create("no_trail")) is None


# --- the disk ----------------------------------------------------------------------------------------------------

MB = 1_000_000


@pytest.mark.parametrize(
    ("free", "kept", "expected"),
    [
        (150 * MB, 0, Health.BROKEN),
        (250 * MB, 0, Health.LOOK),
        (1_000 * MB, 0, Health.OK),
        (1_000 * MB, 900 * MB, Health.BROKEN),  # no copy fits beside it
        (3_000 * MB, 900 * MB, Health.LOOK),
        (3_700 * MB, 900 * MB, Health.OK),
    ],
)
def test_free_space_is_compared_with_what_is_kept(tmp_path: Path, free: int, kept: int, expected: Health) -> None:
    found = doctor.check_disk(tmp_path, kept, free=lambda _folder: free)
    assert found.health is expected
    assert bool(found.mend) is (expected is not Health.OK)


def test_sizes_are_read(site: Site, tmp_path: Path) -> None:
    assert doctor.database_bytes(site.settings.database_url) > 100_000
    assert doctor.database_bytes(f"sqlite:///{tmp_path / 'none.sqlite'}") == 0
    (tmp_path / "files" / "certificates").mkdir(parents=True)
    (tmp_path / "files" / "certificates" / "a.pdf").write_bytes(b"1234")
    assert doctor.folder_bytes(tmp_path / "files") == 4
    assert doctor.folder_bytes(tmp_path / "none") == 0
    assert doctor.free_bytes(tmp_path) == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.2)


# --- phones ------------------------------------------------------------------------------------------------------

EVERYWHERE = "0.0.0.0"  # noqa: S104 - a setting, nothing listens
LAN = ["192.168.1.7", "10.0.0.4"]


def test_listening_to_itself_alone_is_worth_a_look(settings: Settings) -> None:
    found = doctor.check_phones(settings, LAN)
    assert found.health is Health.LOOK
    assert "HOST=0.0.0.0" in found.mend


def test_listening_everywhere_gives_the_addresses_to_type(settings: Settings) -> None:
    found = doctor.check_phones(replace(settings, host=EVERYWHERE, port=8001), LAN)
    assert (found.health, found.says) == (Health.OK, "http://192.168.1.7:8001  http://10.0.0.4:8001")


def test_without_a_network_it_is_worth_a_look(settings: Settings) -> None:
    assert doctor.check_phones(replace(settings, host=EVERYWHERE), []).health is Health.LOOK


def test_an_address_of_another_machine_is_broken(settings: Settings) -> None:
    assert doctor.check_phones(replace(settings, host="192.168.1.7"), LAN).health is Health.OK
    found = doctor.check_phones(replace(settings, host="192.168.1.99"), LAN)
    assert found.health is Health.BROKEN
    assert "192.168.1.7" in found.mend


def test_trusted_hosts_that_leave_the_address_out_are_broken(settings: Settings) -> None:
    shut = replace(settings, host=EVERYWHERE, trusted_hosts="127.0.0.1")
    found = doctor.check_phones(shut, LAN)
    assert found.health is Health.BROKEN
    mended = replace(shut, trusted_hosts=found.mend.removeprefix("LMS_TRUSTED_HOSTS="))
    assert doctor.check_phones(mended, LAN).health is Health.OK
    named = replace(shut, trusted_hosts="wangge.example", certfile=__file__, keyfile=__file__)
    assert doctor.check_phones(named, LAN).says == "https://wangge.example:8000"


def test_a_certificate_that_is_not_there_is_broken(settings: Settings) -> None:
    found = doctor.check_phones(replace(settings, certfile="/nowhere/a.pem", keyfile=__file__), LAN)
    assert found.health is Health.BROKEN
    assert "/nowhere/a.pem" in found.says


def test_behind_a_proxy_the_public_address_counts(settings: Settings) -> None:
    proxied = replace(settings, behind_proxy=True, public_base_url="https://wangge.example")
    assert doctor.check_phones(proxied, []).says.startswith("https://wangge.example")


def test_the_addresses_of_this_machine_are_dotted_and_not_loopback() -> None:
    for address in doctor.lan_addresses():
        assert socket.inet_ntoa(socket.inet_aton(address)) == address
        assert not address.startswith("127.")


# --- the command -------------------------------------------------------------------------------------------------


def run(site: Site, **environment: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(
        main,
        ["doctor"],
        env={
            "LMS_INSTANCE": str(site.settings.instance),
            "LMS_DATABASE_URL": site.settings.database_url,
            "LMS_SECRET_KEY": STRONG,
            "LMS_AUDIT_KEY": STRONG[::-1],
            **environment,
        },
    )
    return result.exit_code, result.output.splitlines()


def test_a_sound_instance_has_a_line_for_each_thing_and_exit_code_0(site: Site) -> None:
    code, lines = run(site)
    assert code == 0, lines
    assert len(lines) == 9
    assert not [line for line in lines if line.startswith(Health.BROKEN.value)]
    for thing in ("fonts", "Pango", "harfbuzz-subset", "PDF", "database", "keys", "clock", "disk", "phones"):
        assert [line for line in lines if thing in line], thing


def test_something_broken_gives_exit_code_1_and_the_mend_in_its_line(site: Site) -> None:
    migrations.downgrade(site.settings.database_url, "-1")
    code, lines = run(site, LMS_SECRET_KEY="short")
    assert code == 1
    broken = [line for line in lines if line.startswith(Health.BROKEN.value)]
    assert len(broken) == 2
    assert all(" → " in line for line in broken)
