"""The audit page with names."""

from collections.abc import Callable

import sqlalchemy as sa
from flask.testing import FlaskClient

from tests import trail
from tests.conftest import Site, post

As = Callable[[str], FlaskClient]


def text_of(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.get_data(as_text=True)


def test_an_official_reads_the_trail_of_the_own_unit_with_names(as_person: As) -> None:
    rows = text_of(as_person("O1"), "/audit?tag=people:person:added").partition("data-trail")[2]
    assert "加入人员" in rows
    assert "李秀兰" in rows
    assert "唐㛃" not in rows  # of another sub-district


def test_an_auditor_reads_everything_and_a_newcomer_only_their_own_acts(as_person: As) -> None:
    assert "唐㛃" in text_of(as_person("A1"), "/audit?tag=people:person:added")
    assert "加入人员" not in text_of(as_person("N1"), "/audit").partition("data-trail")[2]


def test_the_trail_is_filtered(as_person: As) -> None:
    auditor = as_person("A1")
    rows = text_of(auditor, "/audit?tag=people:unit:added").partition("data-trail")[2]
    assert "加入单位" in rows
    assert "加入人员" not in rows
    for query in ("who=NOBODY", "object=nowhere", "first=2027-01-01", "last=2020-01-01"):
        assert "加入单位" not in text_of(auditor, f"/audit?{query}").partition("data-trail")[2], query
    for query in ("first=yesterday", "page=x", "page=-1", "page=9999", "tag=nothing", "who=%00"):
        assert auditor.get(f"/audit?{query}").status_code in {200, 400}, query


def test_checking_the_chain_leaves_its_own_entry(site: Site, as_person: As) -> None:
    auditor = as_person("A1")
    before = trail.seq(site.db)
    response = post(auditor, "/audit/verify")
    assert response.status_code == 302
    assert "每一环都对" in text_of(auditor, response.location)
    [entry] = trail.entries(site.db, before)
    assert entry.tag == "audit:chain:verified"


def test_a_broken_chain_is_said_aloud(site: Site, as_person: As) -> None:
    auditor = as_person("A1")
    with site.db.engine.begin() as connection:
        if site.db.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER audit_entry_no_update")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_entry_append_only ON audit_entry")
        connection.execute(sa.text("UPDATE audit_entry SET reason = 'edited' WHERE seq = 3"))
    assert "对不上：第 3 条" in text_of(auditor, post(auditor, "/audit/verify").location)


def test_an_entry_speaks_in_words_and_keeps_the_systems_codes_apart(as_person: As) -> None:
    text = text_of(as_person("A1"), "/audit?tag=people:person:added").partition("data-trail")[2]
    shown, _, rest = text.partition("系统用的")
    for words in ("状态", "培训中", "入职日期", "年"):
        assert words in shown
    assert "trainee" not in text
    assert "<code>name_key</code>" in rest
