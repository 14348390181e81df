"""What commands of the ``lms`` command line are given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click
from sqlalchemy.orm import Session

from lms.core.db import Database
from lms.core.errors import LMSError


@dataclass(frozen=True)
class Console:
    """The settings in force and how to open the database; ``words`` turns a refusal into a sentence.

    ``settings`` is ``lms.config.Settings``; typed loosely because core knows no configuration.
    """

    settings: Any
    open_database: Callable[[], Database]
    words: Callable[[LMSError], str]
    handlers: Any
    schedule: Any
    content_types: Any


def rebuild_kept(
    console: Console,
    command: str,
    label: str,
    *,
    persons: Callable[[Session], Sequence[int]],
    step: Callable[[Session, int], Sequence[object]],
    check: bool,
) -> None:
    """Hold what is kept about each person against its rule, person by person, each in a transaction of its own.

    ``persons``: whose ids. ``step``: gives the differences of one person and, unless ``check``, mends them; it is
    given a reader when ``check``, a writer otherwise. ``command``: the command that mends, ``label``: what is
    compared, both for the eye. Raises click.ClickException (exit code 1) when ``check`` finds a difference.
    """
    db = console.open_database()
    with db.reading() as reader:
        ids = persons(reader)
    found: list[object] = []
    with click.progressbar(ids, label=label) as bar:
        for person_id in bar:
            with db.reading() if check else db.writing() as session:
                found += step(session, person_id)
    for each in found:
        click.echo(f"✗ {each}" if check else f"→ {each}")
    if check and found:
        raise click.ClickException(f"{len(found)} 处不一致，运行 {command} / {len(found)} differences; run {command}")
    click.echo(f"✓ {len(ids)} 人，改了 {len(found)} 处 / {len(ids)} people, {len(found)} mended")
