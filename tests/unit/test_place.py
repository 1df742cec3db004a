"""Where a home may lie, and the office's pair of keys in it."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from berau import Site

from provision.core.errors import IntentError, ProvisionError, UsageError
from provision.home import keys, starter
from provision.home.keys import office_key
from provision.home.place import Place


@pytest.mark.parametrize("name", ["100%", 'a"b', "a'b", "{{ x }}", "$HOME", "a`b", "a\\b", "a\nb", "a\x1bb"])
def test_a_path_that_ssh_or_ansible_reads_more_into_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="the path of a home may not hold"):
        starter.make(tmp_path / name, lab=False)
    assert not (tmp_path / name).exists()
    with pytest.raises(UsageError, match="the path of a home may not hold"):
        Place(tmp_path / name).require()


@pytest.mark.parametrize("name", ["Kantor Berau", "berau-2026", "béráu", "a#b", "a;b", "a&b", "~a", "a=b,c", "(1)"])
def test_other_paths_are_paths_of_a_home(tmp_path: Path, name: str) -> None:
    starter.make(tmp_path / name, lab=False)
    Place(tmp_path / name).require()


def test_a_directory_that_is_no_home_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(IntentError, match="no home here"):
        Place(tmp_path).require()


@pytest.mark.parametrize("name", ["id_ed25519", "id_ed25519-rsa"])
def test_the_public_half_is_made_from_the_private_key_at_any_time(site: Site, tmp_path: Path, name: str) -> None:
    path = tmp_path / "ssh" / name
    first = office_key(path)
    assert (path.stat().st_mode & 0o777, first.split(" ")[0][:8]) == (0o600, "ssh-rsa" if "rsa" in name else "ssh-ed25")
    path.with_suffix(".pub").unlink()
    assert office_key(path) == first
    path.unlink()
    with pytest.raises(ProvisionError, match="private SSH key is missing, and its public half is there") as caught:
        office_key(path)
    assert path.with_suffix(".pub").exists(), "devices let that one in; a new pair would let nobody in"
    assert f"rm {path.with_suffix('.pub')}" in caught.value.hint
    path.with_suffix(".pub").unlink()
    assert first != office_key(path) == office_key(path)


def test_no_second_command_makes_a_key_while_the_first_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes one waits for a second maker: one comes only where nothing keeps him away."""
    together, true, made = threading.Barrier(2), keys._made, []

    def slowly(path: Path) -> bytes:
        made.append(path)
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=1)
        return true(path)

    monkeypatch.setattr(keys, "_made", slowly)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(office_key, [tmp_path / "id_ed25519"] * 2)
    assert (len(made), first) == (1, second)


def test_a_private_key_that_cannot_be_read_says_what_to_type(tmp_path: Path) -> None:
    path = tmp_path / "id_ed25519"
    path.write_text("no key")
    with pytest.raises(ProvisionError, match="cannot be read") as caught:
        office_key(path)
    assert caught.value.hint.startswith("ssh-keygen -y -f ")
    with pytest.raises(ProvisionError, match="cannot be read or made"):
        office_key(tmp_path / "id_ed25519" / "below-a-file")
