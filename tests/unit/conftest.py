"""A site for each test, copied from a home that is made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from berau import Site, make_template

from provision.home.workspace import Workspace


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_template(tmp_path_factory.mktemp("site") / "home")


@pytest.fixture
def site(template: Workspace, tmp_path: Path) -> Iterator[Site]:
    shutil.copytree(template.place.root, tmp_path / "home")
    site = Site(tmp_path / "home", template)
    yield site
    site.workspace.ledger.close()
