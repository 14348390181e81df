"""What the pages of selection are asked in more than one file."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import CountQueries
from tests.selection.making import Office

Shut = Callable[[FlaskClient, str, str, str], None]


@pytest.fixture
def is_shut(ready: Office, count_queries: CountQueries) -> Shut:
    """Assert that a page says in these words why nothing can be done there, without a form, and leads back."""

    def shut(client: FlaskClient, path: str, back: str, words: str) -> None:
        client.get(path)
        with count_queries(ready.db) as statements:
            response = client.get(path)
        text = response.get_data(as_text=True).partition("<main")[2].partition("</main")[0]
        assert response.status_code == 409, path
        assert words in text
        assert "<form" not in text
        assert f'href="{back}"' in text
        assert len(statements) <= 12, statements

    return shut
