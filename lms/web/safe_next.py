"""Where to go after signing in: only to a page of our own."""

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

HOME = "/"


def safe_next(app: Flask, target: str | None) -> str:
    """Return ``target`` when it is the path of a page that answers GET, else the home page.

    Refuses hosts, schemes, ``//``, backslashes and control characters, whatever their encoding.
    """
    if not target or len(target) > 2000:
        return HOME
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        return HOME
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in target):
        return HOME
    lowered = target.lower()
    if any(code in lowered for code in ("%00", "%09", "%0a", "%0d", "%5c", "%2f%2f")):
        return HOME
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.startswith("//"):
        return HOME
    try:
        app.url_map.bind("localhost").match(parts.path, method="GET")
    except (RequestRedirect, HTTPException):
        return HOME
    return target
