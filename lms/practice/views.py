"""Cards for everybody to print, and for trainers a look at the scenarios and pictures that are not played yet."""

from typing import Any

from flask import Blueprint, render_template

from lms.access.permissions import Permission
from lms.content import queries as content
from lms.content.content import DUTIES, LAWS, Duties, Register
from lms.content.forms import WAY_ICONS, WAY_WORDS
from lms.content.rules import ContentKind
from lms.practice.content import CARD, PICTURE, SCENARIO
from lms.practice.forms import ENDING_WORDS, GRADE_WORDS
from lms.practice.rules import Grade
from lms.web.guards import allow
from lms.web.i18n import current_language
from lms.web.transaction import reading

blueprint = Blueprint("practice", __name__)


@blueprint.context_processor
def words() -> dict[str, Any]:
    """What every page of practice says things with: ``say``."""
    return {"say": {"way": WAY_WORDS, "icon": WAY_ICONS, "grade": GRADE_WORDS, "ending": ENDING_WORDS}}


def _sources(register: Register | None, cites: tuple[str, ...], language: str) -> list[str]:
    """Return the articles as a page says them, those that may be cited."""
    if register is None:
        return []
    place = register.place_en if language == "en" else register.place
    return [place(cite) for cite in cites if not register.fault(cite)]


@blueprint.get("/cards")
@allow(Permission.COURSE_LEARN)
def cards() -> str:
    """All cards."""
    held = content.all_held(reading(), CARD)
    return render_template(
        "practice/cards.html", cards=[each.thing for each in held.values()], language=current_language()
    )


@blueprint.get("/cards/<key>")
@allow(Permission.COURSE_LEARN)
def card(key: str) -> str:
    """One card, which fills one page when it is printed."""
    reader, language = reading(), current_language()
    held = content.held(reader, CARD, key)
    laws = content.all_held(reader, LAWS)
    register = next((each.thing for each in laws.values()), None)
    return render_template(
        "practice/card.html",
        card=held.thing,
        sources=_sources(register, held.thing.cites, language),
        language=language,
    )


@blueprint.get("/practice")
@allow(Permission.CONTENT_CHECK)
def overview() -> str:
    """The scenarios and pictures that there are, for trainers."""
    held = content.held_together(reading(), (SCENARIO, PICTURE))
    return render_template(
        "practice/overview.html",
        scenarios=[each.thing for each in held[ContentKind.SCENARIO].values()],
        pictures=[each.thing for each in held[ContentKind.PICTURE].values()],
        language=current_language(),
    )


@blueprint.get("/practice/scenarios/<key>")
@allow(Permission.CONTENT_CHECK)
def scenario(key: str) -> str:
    """One scenario with all its steps, for trainers."""
    reader, language = reading(), current_language()
    held = content.held(reader, SCENARIO, key)
    others = content.held_together(reader, (LAWS, DUTIES))
    register: Register | None = next((each.thing for each in others[ContentKind.LAWS].values()), None)
    duties: Duties | None = next((each.thing for each in others[ContentKind.DUTIES].values()), None)
    return render_template(
        "practice/scenario.html",
        scenario=held.thing,
        duty=duties.items.get(held.thing.file.duty) if duties is not None else None,
        lines=duties.lines if duties is not None else {},
        sources=_sources(register, held.thing.file.cites, language),
        best=set(held.thing.best_path),
        numbers={name: at for at, name in enumerate([*held.thing.steps, *held.thing.endings], 1)},
        Grade=Grade,
        language=language,
    )


@blueprint.get("/practice/pictures/<key>")
@allow(Permission.CONTENT_CHECK)
def picture(key: str) -> str:
    """One picture with its hazards, for trainers."""
    reader, language = reading(), current_language()
    held = content.held(reader, PICTURE, key)
    return render_template("practice/picture.html", picture=held.thing, language=language)
