"""The WSGI application for gunicorn and other servers. The schema must be at head already."""

from lms.app import create_app
from lms.config import load_settings

app = create_app(load_settings())
