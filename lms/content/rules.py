"""Kinds of content, and the codes of the duty catalogue."""

import enum


class ContentKind(enum.StrEnum):
    """What a revision holds. One revision is the whole of one thing: a course with all its lessons, a bank."""

    FRAMEWORK = "framework"
    """Competencies with levels and observable behaviours; one key, ``competencies``."""
    DUTIES = "duties"
    """Prohibited acts, musts and duty items; one key, ``duties``."""
    PROGRAMMES = "programmes"
    """Programmes with their courses; one key, ``programmes``."""
    LAWS = "laws"
    """The law register; one key, ``laws``."""
    GLOSSARY = "glossary"
    """Words of the field with plain explanations; one key, ``glossary``."""
    COURSE = "course"
    """A course with its lessons; the key is the course's, ``c01``."""
    BANK = "bank"
    """A question bank with its blueprint; the key is the course's."""
    CERTIFICATE = "certificate"
    """A certificate's texts, template and style; the key is its folder's name."""
    SCENARIO = "scenario"
    """A branching scenario （情景）; the key is its own, ``sc03``."""
    PICTURE = "picture"
    """A drawn scene with hazards （找隐患）; the key is its own, ``pic-stairwell``."""
    CARD = "card"
    """A card of one page that is carried along （随身卡）; the key is its own, ``door-visit``."""


class Way(enum.StrEnum):
    """What somebody of a role level may do about a matter themselves."""

    HANDLE = "handle"
    """现场处置: deal with it on the spot."""
    COORDINATE = "coordinate"
    """协调处置: deal with it together with those it concerns."""
    ESCALATE = "escalate"
    """立即上报: report it to the command centre at once."""


class RoleLevel(enum.StrEnum):
    """The level at which a duty item speaks to a person."""

    OFFICER = "officer"
    LEADER = "leader"


class Origin(enum.StrEnum):
    """Where a duty comes from."""

    SELF_GOVERNANCE = "self_governance"
    ASSIST_GOVERNMENT = "assist_government"
    PURCHASED_SERVICE = "purchased_service"
