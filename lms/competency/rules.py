"""The published rule from evidence to score and level. Pure; see docs/decisions/0011."""

import enum


class EvidenceKind(enum.StrEnum):
    """Where evidence comes from."""

    QUIZ = "quiz"
    SCENARIO = "scenario"
    OBSERVED = "observed"


class RecognitionState(enum.StrEnum):
    """认定: an official enters a level with its basis, a second person confirms."""

    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    ENDED = "ended"
