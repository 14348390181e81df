"""Signing in and out, passwords, one-time codes, preferences."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from lms.access.decide import require
from lms.access.identity import Identity, Role, Scope
from lms.access.permissions import Permission
from lms.audit import services as audit
from lms.audit.rules import AuditTag
from lms.core import clock
from lms.core.db import Database
from lms.core.errors import Conflict, Forbidden, Invalid, NotFound
from lms.core.ids import new_public_id, new_secret
from lms.people import queries
from lms.people.models import Account, Person, Preference, SignInSession
from lms.people.rules import (
    RESET_CODE_LASTS,
    SIGN_IN_THROTTLES,
    SLIP_LASTS,
    StaffState,
    clean_staff_number,
    may_reset,
    password_fault,
    password_rule,
)
from lms.people.services import throttle
from lms.people.services.passwords import Passwords, new_code, typed_code

LANGUAGES = ("zh", "en")
TEXT_SIZES = ("", "large", "largest")


def token_hash(token: str) -> str:
    """Return what the database keeps of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_credentials(
    db: Database, passwords: Passwords, secret: str, *, staff_number: str, password: str, address: str
) -> int:
    """Return the id of the person whose staff number and password these are.

    Runs in short transactions of its own; the hashing holds no lock. ``secret`` keys the throttle.
    Raises Throttled after too many failures, Invalid (the same for every cause) when they do not fit.
    """
    number = clean_staff_number(staff_number)
    keys = [
        (throttle.throttle_key(secret, "account+address", number, address), SIGN_IN_THROTTLES["account+address"]),
        (throttle.throttle_key(secret, "account", number), SIGN_IN_THROTTLES["account"]),
        (throttle.throttle_key(secret, "address", address), SIGN_IN_THROTTLES["address"]),
        (throttle.throttle_key(secret, "all"), SIGN_IN_THROTTLES["all"]),
    ]
    throttle.refuse_if_throttled(db, keys)
    with db.reading() as session:
        kept = queries.credentials(session, number)
    typed = password if kept.temporary_until is None else typed_code(password)
    fits = passwords.matches(kept.password_hash, typed)
    run_out = kept.temporary_until is not None and kept.temporary_until < clock.real_now()
    if kept.person_id is None or not fits or run_out:
        throttle.count_failure(db, keys)
        # A code that has run out is told apart only to somebody who holds it.
        raise Invalid("people.sign_in.code_expired" if fits and run_out else "people.sign_in.refused")
    throttle.forget_failures(db, keys[0][0])
    return kept.person_id


def open_session(session: Session, person_id: int, *, browser: str) -> str:
    """Open a sign-in session and return its token, which only the cookie holds."""
    token = new_secret()
    now = clock.real_now()
    session.add(
        SignInSession(
            public_id=new_public_id(),
            person_id=person_id,
            token_hash=token_hash(token),
            created_at=now,
            last_seen_at=now,
            reauthenticated_at=now,
            browser=browser[:200],
        )
    )
    return token


def end_session(session: Session, actor: Identity, session_public_id: str) -> None:
    """End one of the actor's own sign-in sessions. Raises NotFound when it is not theirs."""
    found = session.scalar(
        sa.select(SignInSession).where(
            SignInSession.public_id == session_public_id, SignInSession.person_id == actor.person_id
        )
    )
    if found is None:
        raise NotFound("people.session.not_found")
    if found.ended_at is None:
        found.ended_at = clock.real_now()


def end_other_sessions(session: Session, person_id: int, keep: int | None = None) -> int:
    """End all sign-in sessions of a person but the one with id ``keep``; return how many were live."""
    statement = sa.update(SignInSession).where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
    if keep is not None:
        statement = statement.where(SignInSession.id != keep)
    result = session.execute(statement.values(ended_at=clock.real_now()))
    return int(result.rowcount)  # type: ignore[attr-defined]


def touch_session(db: Database, session_id: int) -> None:
    """Note that a session was used, in a transaction of its own."""
    with db.writing() as session:
        session.execute(
            sa.update(SignInSession).where(SignInSession.id == session_id).values(last_seen_at=clock.real_now())
        )


def note_reauthentication(session: Session, session_id: int) -> None:
    """Note that the password was given again just now."""
    session.execute(
        sa.update(SignInSession).where(SignInSession.id == session_id).values(reauthenticated_at=clock.real_now())
    )


def checked_new_password(session: Session, person: Person, password: str, now: datetime) -> None:
    """Raise Invalid (field ``new_password``) when the person may not choose this password."""
    rule = password_rule(queries.roles_of(session, person.id, clock.local_date(now)))
    fault = password_fault(password, rule, (person.staff_number, person.name, person.phone))
    if fault is not None:
        raise Invalid(f"people.password.{fault.value}", field="new_password", shortest=rule.shortest)


def change_password(
    session: Session,
    actor: Identity,
    *,
    old_hash: str,
    new_hash: str,
    keep_session: int,
    now: datetime,
) -> None:
    """Set the actor's new password (already checked and hashed) and end all other sessions.

    ``old_hash``: the hash the current password was checked against; when it has changed meanwhile
    (two tabs, a reset by an official) nothing is changed and Conflict is raised.
    """
    if actor.person_id is None:
        raise Forbidden("access.forbidden")
    role = require(actor, Permission.OWN_ACCOUNT, Scope(owner_id=actor.person_id), now=clock.real_now())
    account = session.scalar(sa.select(Account).where(Account.person_id == actor.person_id).with_for_update())
    if account is None or account.password_hash != old_hash:
        raise Conflict("people.password.changed_meanwhile")
    account.password_hash = new_hash
    account.temporary_until = None
    account.password_set_at = now
    audit.record(session, actor, role, AuditTag.PASSWORD_CHANGED, account, now=now)
    end_other_sessions(session, actor.person_id, keep=keep_session)
    note_reauthentication(session, keep_session)


@dataclass(frozen=True)
class PreparedCode:
    """A one-time code in clear (for the slip, shown once) and its hash (for the database)."""

    code: str
    encoded: str


def prepare_code(passwords: Passwords) -> PreparedCode:
    """Make a one-time code and hash it. Call it before the write transaction."""
    code = new_code()
    return PreparedCode(code, passwords.hash(code))


def open_account(
    session: Session,
    actor: Identity,
    person: Person,
    prepared: PreparedCode,
    *,
    now: datetime,
    lasts: timedelta = SLIP_LASTS,
) -> Account:
    """Give a person the first password of a printed slip, or a fresh one when the slip was lost unused.

    Raises Conflict when the person has chosen an own password already: then a reset is the way.
    """
    role = require(
        actor,
        Permission.SLIP_PRINT,
        Scope(owner_id=person.id, unit_path=person.unit.path),
        now=clock.real_now(),
    )
    _refuse_if_left(person)
    account = session.scalar(sa.select(Account).where(Account.person_id == person.id).with_for_update())
    if account is not None and account.temporary_until is None:
        raise Conflict("people.slip.already_in_use", name=person.name)
    if account is None:
        account = Account(public_id=new_public_id(), person_id=person.id, privacy_notice="")
        session.add(account)
    account.password_hash = prepared.encoded
    account.temporary_until = clock.real_now() + lasts
    account.password_set_at = now
    audit.record(session, actor, role, AuditTag.ACCOUNT_OPENED, account, now=now, unit_path=person.unit.path)
    end_other_sessions(session, person.id)
    return account


def reset_password(session: Session, actor: Identity, person: Person, prepared: PreparedCode, *, now: datetime) -> None:
    """Give a person a one-time code for a new password and end all their sessions.

    Raises Forbidden when the actor's role may not reset a person with these roles, or for oneself;
    NotFound out of reach; Conflict when the person has no account yet (print a slip instead).
    """
    scope = Scope(owner_id=person.id, unit_path=person.unit.path)
    role = require(actor, Permission.PASSWORD_RESET, scope, now=clock.real_now())
    held = queries.roles_of(session, person.id, clock.local_date(now))
    if person.id == actor.person_id:
        raise Forbidden("people.password.reset_own")
    if not any(may_reset(each, held) for each in _acting_roles(actor, person.unit.path)):
        raise Forbidden("people.password.reset_not_yours")
    _refuse_if_left(person)
    account = session.scalar(sa.select(Account).where(Account.person_id == person.id).with_for_update())
    if account is None:
        raise Conflict("people.password.no_account")
    account.password_hash = prepared.encoded
    account.temporary_until = clock.real_now() + RESET_CODE_LASTS
    account.password_set_at = now
    audit.record(session, actor, role, AuditTag.PASSWORD_RESET, account, now=now, unit_path=person.unit.path)
    end_other_sessions(session, person.id)


def _refuse_if_left(person: Person) -> None:
    # Signing in looks again: a code given at the moment somebody leaves opens nothing.
    if person.state is StaffState.ENDED:
        raise Conflict("people.person.has_left")


def _acting_roles(actor: Identity, unit_path: str) -> set[Role]:
    """Return the actor's roles that count for an object in this unit."""
    everywhere = {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN, Role.CONSOLE}
    return {held.role for held in actor.roles if held.role in everywhere or unit_path.startswith(held.unit_path)}


def read_privacy_notice(session: Session, actor: Identity, version: str, *, now: datetime) -> None:
    """Note that the actor has read this version of the privacy notice. Safe to repeat."""
    role = require(actor, Permission.OWN_ACCOUNT, Scope(owner_id=actor.person_id), now=clock.real_now())
    account = session.scalars(sa.select(Account).where(Account.person_id == actor.person_id)).one()
    if account.privacy_notice == version:
        return
    account.privacy_notice = version
    account.privacy_read_at = now
    audit.record(session, actor, role, AuditTag.PRIVACY_NOTICE_READ, account, now=now)


def set_preference(
    session: Session, actor: Identity, *, language: str | None = None, text_size: str | None = None
) -> None:
    """Remember the actor's language or text size. Raises Invalid for a value that does not exist."""
    if language is not None and language not in LANGUAGES:
        raise Invalid("people.preference.unknown", field="lang")
    if text_size is not None and text_size not in TEXT_SIZES:
        raise Invalid("people.preference.unknown", field="text")
    preference = session.get(Preference, actor.person_id)
    if preference is None:
        preference = Preference(person_id=actor.person_id, language="", text_size="")
        session.add(preference)
    if language is not None:
        preference.language = language
    if text_size is not None:
        preference.text_size = text_size
