"""Kinds of content."""

import enum


class ContentKind(enum.StrEnum):
    """What a revision holds. One revision is the whole of one thing: a course with all its lessons, a bank."""

    FRAMEWORK = "framework"
    """Competencies with levels and observable behaviours; one key, ``competencies``."""
    DUTIES = "duties"
    """Prohibited acts, musts and duty items; one key, ``duties``."""
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
