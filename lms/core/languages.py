"""Texts that stand in two languages."""


def in_language(language: str, chinese: str, english: str) -> str:
    """Return a text in zh or en; Chinese where English is missing."""
    return (english if language == "en" else "") or chinese
