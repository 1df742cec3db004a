"""First state of a lab PC, Linux or Windows: the technician's key is let in, its peripherals are plugged in."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from provision.lab.factory import crypt_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Pc:
    """Data of one emulated PC; `key` is the public key that the technician let in (ssh-copy-id).

    `names` has the product name of each peripheral.
    """

    tag: str
    serial: str
    mac: str
    vendor: str
    model: str
    address: str
    ssh_port: int
    key: str
    names: dict[str, str]
    kind: str = "computer"
    system: str = "linux"


HOSTNAME = "debian"
ZONE = "Asia/Jakarta"
PASSWORD = "Teknisi-4711"  # noqa: S105 (of an emulated PC: by it the office's key gets in again, ssh-copy-id)
# Made up: no vendor has these numbers. The webcam has a USB serial, the others have none, as sold.
USB = {
    "webcam": ("1-2", "f0a0:0920", "CAM"),
    "microphone": ("1-3", "f0a1:0669", ""),
    "speaker": ("1-4", "f0a2:0150", ""),
}
OTHER = {"webcam": "f0a0:0270", "microphone": "f0a1:0001", "speaker": "f0a2:0001"}
SPARE_PORT = "2-1"
CARDS = {"microphone": (1, "c"), "speaker": (2, "p")}
WORDS = {
    "hostnamectl": '[ "$1" = set-hostname ] || exit 1\n'
    'printf "%s\\n" "$2" >"$KIT_ROOT/etc/hostname"; printf "%s\\n" "$2" >"$KIT_ROOT/proc/sys/kernel/hostname"\n',
    "timedatectl": 'case $1 in\nset-timezone) ln -sfn "/usr/share/zoneinfo/$2" "$KIT_ROOT/etc/localtime" ;;\n'
    'show) [ -e "$KIT_ROOT/lab/clock" ] && echo no || echo yes ;;\n*) exit 1 ;;\nesac\n',
    "systemctl": 'wants="$KIT_ROOT/etc/systemd/system/timers.target.wants"\ncase "$*" in\n'
    '"try-restart systemd-timesyncd" | daemon-reload) ;;\n'
    '"enable --now kit-report.timer") [ -s "$KIT_ROOT/etc/systemd/system/kit-report.timer" ] || exit 1\n'
    'mkdir -p "$wants"; ln -sfn ../kit-report.timer "$wants/kit-report.timer" ;;\n'
    '"disable --now kit-report.timer") rm -f "$wants/kit-report.timer"; rmdir "$wants" ;;\n*) exit 1 ;;\nesac\n',
    "date": '[ -e "$KIT_ROOT/lab/clock" ] && [ "$*" = "-u +%s" ] && exec cat "$KIT_ROOT/lab/clock"\n'
    'exec /bin/date "$@"\n',
    "df": '[ -e "$KIT_ROOT/lab/disk" ] || exec /bin/df "$@"\nread -r free <"$KIT_ROOT/lab/disk"\n'
    'echo Filesystem; echo "/dev/sda1 120000000 0 $((free * 1024)) 99% /"\n',
    "dpkg-query": 'format=$3; shift 3\nfor name; do\n[ -s "$KIT_ROOT/var/lib/dpkg/$name" ] || continue\n'
    'case $format in *Version*) printf "%s\\t%s\\tinstalled\\n" "$name" "$(cat "$KIT_ROOT/var/lib/dpkg/$name")" ;; '
    "*) printf installed ;; esac\ndone\n",
    "dpkg": "base=${2##*/}; name=${base%%_*}\ncase $1 in\n"
    '--install) [ -s "$2" ] && rest=${base#*_} && printf "%s" "${rest%%_*}" >"$KIT_ROOT/var/lib/dpkg/$name" ;;\n'
    '--remove) rm -f "$KIT_ROOT/var/lib/dpkg/$name" ;;\n*) exit 1 ;;\nesac\n',
    **{
        name: f'exec python3 -SE "{Path(__file__).with_name("senses.py")}" {name} "$@"\n'
        for name in ("pactl", "parec", "paplay", "v4l2-ctl")
    },
    "sudo": '[ "$1" = -n ] && shift\nexec "$@"\n',
}


def windows(box: Pc, root: Path) -> None:
    """Write the first state of a Windows PC (identity, USB devices, settings, no faults) to lab/windows.json."""
    things = {
        kind: {
            "vid_pid": v,
            "serial": f"{s}{box.tag[-2:]}0001" if s else "",
            "port": f"PCIROOT(0)#USBROOT(0)#USB({p[-1]})",
            "name": box.names[kind],
        }
        for kind, (p, v, s) in USB.items()
    }
    settings = {
        "system.hostname": "DESKTOP-" + box.tag[-2:],
        "system.timezone": "SE Asia Standard Time",
        "time.ntp": None,
    }
    state = {
        "serial": box.serial,
        "mac": box.mac,
        "vendor": box.vendor,
        "model": box.model,
        "things": things,
        "settings": settings,
        "before": {},
        "faults": {},
    }
    (root / "lab/windows.json").write_text(json.dumps(state))


def make(box: Pc, root: Path) -> None:
    """Delete all below `root` and create the first state of a Linux or Windows PC there."""
    shutil.rmtree(root, ignore_errors=True)
    if box.system == "windows":
        for folder in ("etc/ssh", "root/.ssh", "lab"):
            (root / folder).mkdir(parents=True)
        _let_in(box, root)
        windows(box, root)
        return
    for folder in (
        "etc/ssh",
        "root/.ssh",
        "var/lib/dpkg",
        "proc/sys/kernel",
        "sys/class/dmi/id",
        "sys/class/video4linux",
        "sys/class/sound",
        "sys/class/net/enp1s0/device",
        f"run/user/{os.getuid()}/pulse",
        "sys/devices/usb",
        "sys/devices/pci/audio",
        "lab",
    ):
        (root / folder).mkdir(parents=True)
    _let_in(box, root)
    (root / "etc/hostname").write_text(HOSTNAME + "\n")
    (root / "proc/sys/kernel/hostname").write_text(HOSTNAME + "\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n")
    (root / "etc/localtime").symlink_to(f"/usr/share/zoneinfo/{ZONE}")
    (root / "etc/os-release").write_text('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    (root / "sys/class/net/enp1s0/address").write_text(box.mac + "\n")
    (root / "sys/class/dmi/id/sys_vendor").write_text(box.vendor + "\n")
    (root / "sys/class/dmi/id/product_name").write_text(box.model + "\n")
    (root / f"run/user/{os.getuid()}/pulse/native").touch()  # somebody is logged in at the desktop
    (root / "var/log").mkdir()
    upgraded = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - 3 * 86400))
    (root / "var/log/dpkg.log").write_text(f"{upgraded} upgrade libc6:amd64 2.36-9 2.36-10\n")
    tell(root, box.serial)
    card(root, 0, "PCH", root / "sys/devices/pci/audio", "cp")
    for kind in USB:
        peripheral(root, box, kind, "")


def _let_in(box: Pc, root: Path) -> None:
    (root / "root").chmod(0o700)
    (root / "root/.ssh").chmod(0o700)
    (root / "root/.ssh/authorized_keys").write_text(box.key + "\n")
    (root / "root/.ssh/authorized_keys").chmod(0o600)
    (root / "etc/shadow").write_text(f"root:{crypt_hash(PASSWORD)}:19000:0:99999:7:::\n")
    (root / "etc/shadow").chmod(0o600)


def tell(root: Path, serial: str) -> None:
    """Write the serial number that the PC's firmware (DMI) reports."""
    (root / "sys/class/dmi/id/product_serial").write_text(serial + "\n")


def peripheral(root: Path, box: Pc, kind: str, state: str) -> None:
    """Unplug the peripheral of one kind, then plug in what `state` says.

    Empty is its own device, `gone` none, `other` another device, `moved` its own at another port, `twice` its own and a
    second one.
    """
    port, vid_pid, prefix = USB[kind]
    for place in (port, SPARE_PORT + port):
        unplug(root, place)
    serial = f"{prefix}{box.tag[-2:]}0001" if prefix else ""
    if state == "other":
        vid_pid, serial = OTHER[kind], serial and "X" + serial
    if state != "gone":
        plug(root, kind, SPARE_PORT + port if state == "moved" else port, vid_pid, serial, box.names[kind])
    if state == "twice":
        plug(root, kind, SPARE_PORT + port, OTHER[kind], "", "Second " + kind)


def plugged(root: Path, kind: str) -> list[str]:
    """Return port, vendor and product of what is plugged in where the peripheral of one kind can be."""
    port, _, _ = USB[kind]
    found = []
    for place in (port, SPARE_PORT + port):
        device = root / "sys/devices/usb" / place
        if device.exists():
            ids = ":".join((device / name).read_text().strip() for name in ("idVendor", "idProduct"))
            found.append(f"{ids} at {place}")
    return found


def plug(root: Path, kind: str, port: str, vid_pid: str, serial: str, name: str) -> None:
    """Create a USB device in sysfs, with its sound card and, for a webcam, two video nodes."""
    device = root / "sys/devices/usb" / port
    interface = device / f"{port}:1.0"
    interface.mkdir(parents=True)
    vendor, product = vid_pid.split(":")
    for field, value in (("idVendor", vendor), ("idProduct", product), ("product", name), ("serial", serial)):
        if value:
            (device / field).write_text(value + "\n")
    extra = port.startswith(SPARE_PORT)
    if kind == "webcam":
        for number in (2, 3) if extra else (0, 1):
            node = root / "sys/class/video4linux" / f"video{number}"
            node.mkdir(exist_ok=True)
            (node / "name").write_text(name + "\n")
            (node / "device").symlink_to(interface)
        card(root, 5 if extra else 3, "Webcam", interface, "c")
        return
    number, stream = CARDS[kind]
    card(root, number + 5 if extra else number, kind.capitalize(), interface, stream)


def card(root: Path, number: int, name: str, device: Path, streams: str) -> None:
    """Create a sound card of `device` in sysfs, with the capture (c) and playback (p) streams in `streams`."""
    folder = root / "sys/class/sound"
    (folder / f"card{number}").mkdir(exist_ok=True)
    (folder / f"card{number}/id").write_text(name + "\n")
    (folder / f"card{number}/device").symlink_to(device)
    for stream in streams:
        (folder / f"pcmC{number}D0{stream}").touch()


def hold(root: Path, *, on: bool) -> None:
    """Create a process in /proc that has the camera open, or remove it if not `on`."""
    folder = root / "proc/4711"
    shutil.rmtree(folder, ignore_errors=True)
    if on:
        (folder / "fd").mkdir(parents=True)
        (folder / "comm").write_text("zoom\n")
        (folder / "fd/9").symlink_to("/dev/video0")


def unplug(root: Path, port: str) -> None:
    """Remove the USB device at `port`, with its video nodes, sound cards and their streams."""
    interface = root / "sys/devices/usb" / port / f"{port}:1.0"
    for folder in (root / "sys/class/video4linux", root / "sys/class/sound"):
        for entry in folder.iterdir():
            if (entry / "device").is_symlink() and (entry / "device").readlink() == interface:
                for stream in folder.glob(f"pcmC{entry.name.removeprefix('card')}D*"):
                    stream.unlink()
                shutil.rmtree(entry)
    shutil.rmtree(interface.parent, ignore_errors=True)
