"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("PROVISION_SHARED", ROOT.parent / "shared"))


@pytest.fixture
def root() -> Path:
    return ROOT
