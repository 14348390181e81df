"""The whole access policy on one page. docs/access.md is made from it, the tests walk it.

A permission lists who holds it. ``reach``: SELF own things, ASSIGNED things in a named relation (my mentee,
my course), UNIT everything in and below the unit the role is held on, ANY everything. ``second``: the act
needs another person than the one who began it. ``reauth``: the password again within five minutes.
``logged``: each use is written to the access log.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from lms.access.identity import Role
from lms.access.permissions import Permission


class Reach(enum.StrEnum):
    """How far a grant goes."""

    SELF = "self"
    ASSIGNED = "assigned"
    UNIT = "unit"
    ANY = "any"


@dataclass(frozen=True)
class Grant:
    """One line of the policy: this role, this far, under these conditions."""

    role: Role
    reach: Reach
    second: bool = False
    reauth: bool = False
    logged: bool = False


EVERYONE = Grant(Role.PERSON, Reach.SELF)


def _official(*, second: bool = False, reauth: bool = False, logged: bool = False) -> Grant:
    return Grant(Role.OFFICIAL, Reach.UNIT, second=second, reauth=reauth, logged=logged)


def _leader(*, logged: bool = False) -> Grant:
    return Grant(Role.GRID_LEADER, Reach.UNIT, logged=logged)


def _mentor() -> Grant:
    return Grant(Role.MENTOR, Reach.ASSIGNED)


def _trainer(*, logged: bool = False) -> Grant:
    return Grant(Role.TRAINER, Reach.UNIT, logged=logged)


def _system_admin(*, second: bool = False, reauth: bool = False, logged: bool = False) -> Grant:
    return Grant(Role.SYSTEM_ADMIN, Reach.ANY, second=second, reauth=reauth, logged=logged)


CONSOLE = Grant(Role.CONSOLE, Reach.ANY)

GRANTS: Mapping[Permission, tuple[Grant, ...]] = {
    Permission.APPLICATION_APPROVE: (_official(second=True, reauth=True),),
    Permission.APPLICATION_CHECK: (_official(),),
    Permission.APPLICATION_ENTER: (_official(),),
    Permission.APPLICATION_FILE: (_official(reauth=True),),
    Permission.APPLICATION_MAKE: (EVERYONE,),
    Permission.ATTEMPT_REVIEW: (EVERYONE, _trainer(logged=True)),
    Permission.ATTEMPT_SIT: (EVERYONE,),
    Permission.AUDIT_READ: (EVERYONE, _official(), Grant(Role.AUDIT_ADMIN, Reach.ANY, logged=True)),
    Permission.AUDIT_VERIFY: (Grant(Role.AUDIT_ADMIN, Reach.ANY), CONSOLE),
    Permission.CALENDAR_ENTER: (_official(),),
    Permission.CERTIFICATE_EXPIRE: (Grant(Role.SYSTEM, Reach.ANY),),
    Permission.CERTIFICATE_LIST: (_official(),),
    Permission.CERTIFICATE_OWN: (EVERYONE,),
    Permission.CERTIFICATE_PROPOSE: (_official(),),
    Permission.CERTIFICATE_REISSUE: (_official(reauth=True, logged=True),),
    Permission.CERTIFICATE_REVOKE: (_official(second=True, reauth=True, logged=True),),
    Permission.CERTIFICATE_REVOKE_PROPOSE: (_official(reauth=True, logged=True),),
    Permission.CERTIFICATE_SIGN: (_official(second=True, reauth=True),),
    Permission.CHECKPOINT_WRITE: (_mentor(),),
    Permission.CONTENT_CHECK: (_trainer(), CONSOLE),
    Permission.CONTENT_SYNC: (CONSOLE,),
    Permission.COURSE_LEARN: (EVERYONE,),
    Permission.COURSE_PROGRESS: (EVERYONE, _mentor(), _leader(), _official(), _trainer()),
    Permission.DUTY_ACKNOWLEDGE: (EVERYONE,),
    Permission.DUTY_LIST_SEE: (EVERYONE, _mentor(), _leader(), _official()),
    Permission.DUTY_REBUILD: (CONSOLE,),
    Permission.DUTY_SEE: (EVERYONE,),
    Permission.DUTY_TEAM_SEE: (_leader(), _official()),
    Permission.HOME_SEE: (EVERYONE,),
    Permission.ITEMS_EXPORT: (_trainer(logged=True),),
    Permission.ITEMS_SEE: (_trainer(),),
    Permission.JOB_SEE: (EVERYONE, CONSOLE),
    Permission.LEVEL_REBUILD: (CONSOLE,),
    Permission.LEVEL_SEE: (EVERYONE, _mentor(), _leader(), _official(), _trainer()),
    Permission.MESSAGE_READ: (EVERYONE,),
    Permission.NOTICE_POST: (_official(),),
    Permission.OBJECTION_ANSWER: (_official(),),
    Permission.OPINION_GIVE: (_official(),),
    Permission.OVERVIEW_SEE: (_official(),),
    Permission.OWN_ACCOUNT: (EVERYONE,),
    Permission.OWN_PROFILE: (EVERYONE,),
    Permission.PAIR_ANSWER: (EVERYONE,),
    Permission.PAIR_DECIDE: (_official(),),
    Permission.PAIR_LIST: (_leader(), _official()),
    Permission.PAIR_PROPOSE: (_official(),),
    Permission.PAIR_SEE: (EVERYONE, _mentor(), _leader(), _official()),
    Permission.PASSWORD_RESET: (_leader(logged=True), _official(logged=True), _system_admin(logged=True)),
    Permission.PERSON_ADMIT: (_official(), Grant(Role.SYSTEM, Reach.ANY)),
    Permission.PERSON_EDIT: (_official(), CONSOLE),
    Permission.PERSON_EXPORT: (_official(reauth=True, logged=True),),
    Permission.PERSON_FILE: (_official(reauth=True),),
    Permission.PERSON_LIST: (_leader(), _official(), _system_admin()),
    Permission.PERSON_MOVE: (_official(reauth=True),),
    Permission.PERSON_SEE: (EVERYONE, _leader(), _official(), _system_admin()),
    Permission.PERSON_UNMASK: (EVERYONE, _official(reauth=True, logged=True)),
    Permission.PROGRAMME_ENROL: (_official(),),
    Permission.RECOGNITION_CONFIRM: (_official(second=True, reauth=True),),
    Permission.RECOGNITION_PROPOSE: (_official(),),
    Permission.RESULTS_EXPORT: (_official(logged=True), _trainer(logged=True)),
    Permission.RESULTS_SEE: (_leader(), _official(), _trainer()),
    Permission.ROLE_CONFIRM: (
        _official(second=True, reauth=True, logged=True),
        _system_admin(second=True, reauth=True, logged=True),
        CONSOLE,
    ),
    Permission.ROLE_END_LAPSED: (Grant(Role.SYSTEM, Reach.ANY),),
    Permission.ROLE_PROPOSE: (_official(reauth=True), _system_admin(reauth=True), CONSOLE),
    Permission.ROSTER_IMPORT: (_official(), CONSOLE),
    Permission.ROUND_MANAGE: (_official(),),
    Permission.ROUND_SEE: (_official(),),
    Permission.SESSION_ANSWER: (EVERYONE,),
    Permission.SESSION_LAPSE: (Grant(Role.SYSTEM, Reach.ANY),),
    Permission.SESSION_LOG: (_mentor(),),
    Permission.SLIP_PRINT: (_official(logged=True), _system_admin(logged=True), CONSOLE),
    Permission.UNIT_EDIT: (_official(), _system_admin(), CONSOLE),
    Permission.UNIT_SEE: (_leader(), _official(), _system_admin()),
}
