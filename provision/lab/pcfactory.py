"""A lab PC as it comes from its carton: a plain Linux with the office's key let in, and its kit plugged in."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Pc:
    """One PC on the bench; `key` is the public key that the technician let in (ssh-copy-id)."""

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


HOSTNAME = "debian"
ZONE = "Asia/Jakarta"
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
    "systemctl": '[ "$*" = "try-restart systemd-timesyncd" ]\n',
    "date": '[ -e "$KIT_ROOT/lab/clock" ] && [ "$*" = "-u +%s" ] && exec cat "$KIT_ROOT/lab/clock"\nexec /bin/date "$@"\n',
    "df": '[ -e "$KIT_ROOT/lab/disk" ] || exec /bin/df "$@"\nread -r free <"$KIT_ROOT/lab/disk"\n'
    'echo Filesystem; echo "/dev/sda1 120000000 0 $((free * 1024)) 99% /"\n',
    "dpkg-query": 'for name; do :; done\n[ -e "$KIT_ROOT/var/lib/dpkg/$name" ] && printf installed\n',
    "dpkg": "base=${2##*/}; name=${base%%_*}\ncase $1 in\n"
    '--install) [ -s "$2" ] && cp "$2" "$KIT_ROOT/var/lib/dpkg/$name" ;;\n'
    '--remove) rm -f "$KIT_ROOT/var/lib/dpkg/$name" ;;\n*) exit 1 ;;\nesac\n',
    "sudo": '[ "$1" = -n ] && shift\nexec "$@"\n',
}


def make(box: Pc, root: Path) -> None:
    """Bring a PC into its first state below `root`, forgetting all that was there."""
    shutil.rmtree(root, ignore_errors=True)
    for folder in (
        "etc/ssh", "root/.ssh", "var/lib/dpkg", "proc/sys/kernel", "sys/class/dmi/id", "sys/class/video4linux",
        "sys/class/sound", "sys/class/net/enp1s0/device", "sys/devices/usb", "sys/devices/pci/audio", "lab",
    ):  # fmt: skip
        (root / folder).mkdir(parents=True)
    (root / "root").chmod(0o700)
    (root / "root/.ssh").chmod(0o700)
    (root / "root/.ssh/authorized_keys").write_text(box.key + "\n")
    (root / "root/.ssh/authorized_keys").chmod(0o600)
    (root / "etc/shadow").write_text("root:*:19000:0:99999:7:::\n")
    (root / "etc/hostname").write_text(HOSTNAME + "\n")
    (root / "proc/sys/kernel/hostname").write_text(HOSTNAME + "\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {HOSTNAME}\n")
    (root / "etc/localtime").symlink_to(f"/usr/share/zoneinfo/{ZONE}")
    (root / "etc/os-release").write_text('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    (root / "sys/class/net/enp1s0/address").write_text(box.mac + "\n")
    (root / "sys/class/dmi/id/sys_vendor").write_text(box.vendor + "\n")
    (root / "sys/class/dmi/id/product_name").write_text(box.model + "\n")
    tell(root, box.serial)
    card(root, 0, "PCH", root / "sys/devices/pci/audio", "cp")
    for kind in USB:
        peripheral(root, box, kind, "")


def tell(root: Path, serial: str) -> None:
    """Set what the PC's firmware says of itself."""
    (root / "sys/class/dmi/id/product_serial").write_text(serial + "\n")


def peripheral(root: Path, box: Pc, kind: str, state: str) -> None:
    """Plug one thing in: its own (empty), `gone`, `other`, `moved` to another port, or `twice`."""
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


def plug(root: Path, kind: str, port: str, vid_pid: str, serial: str, name: str) -> None:
    """Make the USB device and what the kernel shows of it."""
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
    """Make a sound card with its capture (c) and playback (p) streams."""
    folder = root / "sys/class/sound"
    (folder / f"card{number}").mkdir(exist_ok=True)
    (folder / f"card{number}/id").write_text(name + "\n")
    (folder / f"card{number}/device").symlink_to(device)
    for stream in streams:
        (folder / f"pcmC{number}D0{stream}").touch()


def unplug(root: Path, port: str) -> None:
    """Take a USB device away, with all that hangs on it."""
    interface = root / "sys/devices/usb" / port / f"{port}:1.0"
    for folder in (root / "sys/class/video4linux", root / "sys/class/sound"):
        for entry in folder.iterdir():
            if (entry / "device").is_symlink() and (entry / "device").readlink() == interface:
                for stream in folder.glob(f"pcmC{entry.name.removeprefix('card')}D*"):
                    stream.unlink()
                shutil.rmtree(entry)
    shutil.rmtree(interface.parent, ignore_errors=True)
