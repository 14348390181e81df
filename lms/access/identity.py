"""The acting person and the thing acted on, as plain values cut off from the database."""

import enum
from dataclasses import dataclass, field
from datetime import datetime


class Role(enum.StrEnum):
    """A role that a person holds on a unit with dates; it reaches everything below that unit."""

    PERSON = "person"
    """Every signed-in person, towards their own things. Never granted, always held."""
    MENTOR = "mentor"
    """带教师傅: guides newcomers assigned to them."""
    TRAINER = "trainer"
    """培训教师: authors courses, sees results of the courses assigned to them."""
    GRID_LEADER = "grid_leader"
    """网格长: leads the grid the role is held on."""
    OFFICIAL = "official"
    """街道干部: decides for the unit the role is held on."""
    SYSTEM_ADMIN = "system_admin"
    """系统管理员: runs the machine and the accounts, sees no training content of persons."""
    AUDIT_ADMIN = "audit_admin"
    """审计管理员: reads and verifies the audit trail, changes nothing."""
    CONSOLE = "console"
    """Someone at the machine itself, through the command line."""
    SYSTEM = "system"
    """A scheduled job acting on its own."""


GRANTABLE = (
    Role.MENTOR,
    Role.TRAINER,
    Role.GRID_LEADER,
    Role.OFFICIAL,
    Role.SYSTEM_ADMIN,
    Role.AUDIT_ADMIN,
)


class Channel(enum.StrEnum):
    """The way an act came in."""

    WEB = "web"
    CONSOLE = "console"
    JOB = "job"


@dataclass(frozen=True)
class HeldRole:
    """A role in force now, on the unit with this path (``/1/5/7/``)."""

    role: Role
    unit_path: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who acts. Made once per request, job or command; holds no database object.

    ``person_id`` is None only for the console and the system. ``assigned`` are the ids of persons or things
    in a named relation to the actor (my mentee, my course, my panel). ``reauthenticated_at`` is real time.
    """

    person_id: int | None
    public_id: str
    roles: tuple[HeldRole, ...] = ()
    assigned: frozenset[int] = field(default_factory=frozenset)
    channel: Channel = Channel.WEB
    request_id: str = ""
    reauthenticated_at: datetime | None = None

    def holds(self, role: Role) -> bool:
        """Whether the role is held on any unit."""
        return any(held.role is role for held in self.roles)


CONSOLE = Identity(person_id=None, public_id="console", roles=(HeldRole(Role.CONSOLE, "/"),), channel=Channel.CONSOLE)
SYSTEM = Identity(person_id=None, public_id="system", roles=(HeldRole(Role.SYSTEM, "/"),), channel=Channel.JOB)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where an object lies: whose it is, in which unit, and under which id it may be assigned."""

    owner_id: int | None = None
    unit_path: str | None = None
    assigned_id: int | None = None
