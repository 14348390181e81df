"""Signing in and out, passwords, preferences, over HTTP."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lms.core import clock
from tests.conftest import csrf, post, sign_in_as
from tests.world import NOW, PASSWORD

As = Callable[[str], FlaskClient]


def test_a_stranger_is_sent_to_the_sign_in_page_and_back(client: FlaskClient) -> None:
    response = client.get("/me")
    assert response.status_code == 302
    assert response.location == "/sign-in?next=/me"
    response = client.post(
        "/sign-in",
        data={"csrf_token": csrf(client), "staff_number": "ｃｇ00n1", "password": PASSWORD, "next": "/me"},
    )
    assert response.location == "/me"
    assert "李秀兰" in client.get("/me").get_data(as_text=True)


@pytest.mark.parametrize(
    ("number", "password"), [("CG00N1", "wrong password"), ("NOBODY1", PASSWORD), ("CG00N1", " " + PASSWORD)]
)
def test_a_refused_sign_in_looks_the_same_whatever_was_wrong(client: FlaskClient, number: str, password: str) -> None:
    response = client.post("/sign-in", data={"csrf_token": csrf(client), "staff_number": number, "password": password})
    assert response.status_code == 422
    text = response.get_data(as_text=True)
    assert "工号或密码不对" in text
    assert f'value="{number}"' in text  # what was typed stays
    assert password not in text


def test_after_five_failures_the_account_waits_for_this_address_only(app: Flask, client: FlaskClient) -> None:
    for _ in range(5):
        assert sign_in_as(client, "N1", "wrong password").status_code == 422
    response = sign_in_as(client, "N1")
    assert response.status_code == 429
    assert sign_in_as(app.test_client(), "N2").status_code == 302
    clock.freeze(NOW + timedelta(minutes=11))
    assert sign_in_as(client, "N1").status_code == 302


def test_signing_out_ends_the_session_on_the_server(as_person: As) -> None:
    client = as_person("N1")
    cookie = client.get_cookie("lms")
    assert cookie is not None
    response = post(client, "/sign-out")
    assert response.location == "/sign-in"
    assert response.headers["Clear-Site-Data"] == '"cache"'
    client.set_cookie("lms", cookie.value)
    assert client.get("/me").status_code == 302


def test_a_session_ends_after_half_an_hour_without_use_and_after_twelve_hours(as_person: As) -> None:
    client = as_person("N1")
    for minutes in range(20, 720, 20):
        clock.freeze(NOW + timedelta(minutes=minutes))
        assert client.get("/me").status_code == 200
    clock.freeze(NOW + timedelta(hours=12, minutes=1))
    assert client.get("/me").status_code == 302
    idle = as_person("N2")
    clock.freeze(NOW + timedelta(hours=12, minutes=32))
    assert idle.get("/me").status_code == 302


def test_changing_the_password_ends_every_other_session(as_person: As) -> None:
    here, elsewhere = as_person("N1"), as_person("N1")
    response = post(
        here,
        "/me/password",
        {"old_password": PASSWORD, "new_password": "四个词连着写 茶壶", "again": "四个词连着写 茶壶"},
    )
    assert response.status_code == 302
    assert here.get("/me").status_code == 200
    assert elsewhere.get("/me").status_code == 302
    assert sign_in_as(elsewhere, "N1").status_code == 422
    assert sign_in_as(elsewhere, "N1", "四个词连着写 茶壶").status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        (PASSWORD, "short", "short", "至少要 8 位"),
        (PASSWORD, "12345678", "12345678", "太常见"),
        (PASSWORD, "cg00n1cg00n1", "cg00n1cg00n1", "不要用姓名、工号或手机号"),
        (PASSWORD, "a new password", "another one", "不一样"),
        (PASSWORD, PASSWORD, PASSWORD, "和现在的一样"),
        ("not the password", "a new password", "a new password", "现在的密码不对"),
    ],
)
def test_a_password_that_is_refused_says_why(as_person: As, old: str, new: str, again: str, words: str) -> None:
    client = as_person("N1")
    response = post(client, "/me/password", {"old_password": old, "new_password": new, "again": again})
    assert response.status_code == 422
    assert words in response.get_data(as_text=True)


def test_officials_need_twelve_characters(as_person: As) -> None:
    client = as_person("O1")
    response = post(
        client, "/me/password", {"old_password": PASSWORD, "new_password": "kettle-boat", "again": "kettle-boat"}
    )
    assert response.status_code == 422
    assert "至少要 12 位" in response.get_data(as_text=True)


def test_language_and_text_size_hold_before_and_after_signing_in(as_person: As, client: FlaskClient) -> None:
    post(client, "/language", {"lang": "en", "next": "/sign-in"}, page="/sign-in")
    assert '<html lang="en"' in client.get("/sign-in").get_data(as_text=True)
    signed_in = as_person("N1")
    response = post(signed_in, "/text-size", {"text": "large", "next": "/me"})
    assert response.location == "/me"
    again = as_person("N1")
    assert 'data-text="large"' in again.get("/me").get_data(as_text=True)


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil", "https:evil", "/%09/evil", "http://evil", "/nowhere"])
def test_next_leads_nowhere_but_home(client: FlaskClient, target: str) -> None:
    response = client.post(
        "/sign-in",
        data={"csrf_token": csrf(client), "staff_number": "CG00N1", "password": PASSWORD, "next": target},
    )
    assert response.location == "/"


def test_a_post_without_token_is_refused(as_person: As) -> None:
    assert as_person("N1").post("/me/password", data={}).status_code == 400
