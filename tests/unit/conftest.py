"""A site for each test, copied from a home that is made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from berau import Site, Template, make_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("site") / "home")


@pytest.fixture
def site(template: Template, tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "home", template)
    yield site
    site.workspace.ledger.close()
