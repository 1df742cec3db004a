"""The bundle and its wheel, on a machine that has no network and no checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALONE = ["unshare", "--net", "--map-root-user"]


def alone() -> list[str]:
    """The words that take the network away, where this machine lets us."""
    if os.getuid() == 0:
        words = ["unshare", "--net"]
    elif shutil.which("unshare") and subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0:
        words = ALONE
    else:
        return []
    return words if subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0 else []


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    done = subprocess.run([ROOT / "run", "bundle", folder], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    (packed,) = folder.glob("*.tar")
    with tarfile.open(packed) as tar:
        tar.extractall(folder, filter="data")
    return Path(str(packed).removesuffix(".tar"))


def install(bundle: Path, target: Path) -> subprocess.CompletedProcess[str]:
    argv = [*alone(), "sh", str(bundle / "install.sh"), str(target)]
    environment = {
        "PATH": f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}",
        "HOME": str(target.parent),
        "PIP_CONFIG_FILE": os.devnull,
    }
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=target.parent, env=environment)


def test_installed_without_a_network_it_does_the_job_outside_any_checkout(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "opt"
    done = install(bundle, target)
    assert done.returncode == 0, done.stdout + done.stderr
    script = f"""
        set -e
        [ -z "$ALONE" ] || ip link set lo up
        p={target}/bin/provision
        $p init home --lab
        $p --home home check
        $p --home home register home/inventory/delivery.csv
        $p --home home lab up >lab
        trap '$p --home home lab down' EXIT
        $p --home home enrol BRU-PC-02 --yes
        $p --home home apply BRU-PC-02 --bench --yes --packages home/var/lab/packages
        $p --home home verify BRU-PC-02 --live --bench
        $p --home home handover talisayan --to "Siti Rahmah" --nip 197003041998031001
        $p --home home inventory --list
        {target}/bin/python -c 'import provision, sys; print(provision.__file__)'
    """
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(tmp_path), "ALONE": "1" if alone() else ""}
    done = subprocess.run(
        [*alone(), "sh", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BRU-PC-02\ttalisayan\tapplied" in done.stdout
    assert "awaiting signature" in done.stderr
    assert done.stdout.splitlines()[-1].startswith(str(target))
    assert not str(done.stdout.splitlines()[-1]).startswith(str(ROOT))


def test_one_altered_wheel_is_refused_and_nothing_is_installed(bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "copy"
    shutil.copytree(bundle, other)
    wheel = next((other / "wheels").glob("jinja2-*.whl"))
    body = wheel.read_bytes()
    wheel.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    done = install(other, tmp_path / "opt")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert wheel.name in done.stderr
    assert not (tmp_path / "opt").exists()
    sums = other / "SHA256SUMS"  # whoever alters the list too meets pip's own hashes
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if wheel.name not in line))
    done = install(other, tmp_path / "opt")
    assert done.returncode != 0
    assert "HASH" in done.stderr.upper()


def test_the_bundle_holds_no_state_and_no_address(bundle: Path) -> None:
    names = {p.name for p in bundle.rglob("*")}
    assert {"install.sh", "bundle.lock", "SHA256SUMS", "README.md", "README.id.md", "LICENSE"} <= names
    for page in (ROOT / "docs").glob("*.md"):
        assert (bundle / "docs" / page.name).is_file(), "the links of the README lead somewhere there, too"
    assert {"ARCHITECTURE.md", "CHANGELOG.md", "SECURITY.md"} <= names
    assert "://" not in (bundle / "bundle.lock").read_text()
    import zipfile

    ours = zipfile.ZipFile(next((bundle / "wheels").glob("provision-*.whl"))).namelist()
    for needed in (
        "playbooks/endpoint.yml",
        "playbooks/action_plugins/feed.py",
        "templates/documents/tanda-terima.typ",
        "inventory/kits/kelay.yml",
    ):
        assert f"provision/share/{needed}" in ours
    for program in ("linux/collector.py", "windows/baseline.ps1", "shell/guard.sh", "routeros/guard.rsc"):
        assert f"provision/programs/{program}" in ours
    assert not [n for n in ours if "secrets.vault" in n or n.endswith("devices.yml")]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("provision hando", "handover"),
        ("provision --home HOME verify kel", "kelay"),
        ("provision --home HOME apply BRU-PC-0", "BRU-PC-03"),
    ],
)
def test_the_shell_completes_words_kecamatan_and_tags(words: str, wanted: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-m", "provision"]
    subprocess.run([*command, "init", str(home), "--lab"], check=True, capture_output=True)
    line = words.replace("HOME", str(home))
    environment = os.environ | {
        "_PROVISION_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    provision = Path(sys.executable).parent / "provision"
    done = subprocess.run([provision], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert wanted in done.stdout.split(), done.stderr
