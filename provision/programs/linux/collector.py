"""Print identity, system and devices of a Linux PC as one JSON object (schema 2).

It needs the standard library of Python 3.8 or later only. Run by the office over SSH on standard input, or by hand:
`sudo python3 collector.py`. It changes nothing. USB identity is read from sysfs, as a description may be translated
or garbled.
"""

import json
import os
import subprocess
import time

SCHEMA = 2
ROOT = os.environ.get("KIT_ROOT", "").rstrip("/")
DMI = ROOT + "/sys/class/dmi/id/"
PEOPLE = 1000  # the first user id of a person, as Debian assigns them
SENSES: dict = {}  # what hears and sees, by name: filled by senses.py where that is sent behind this
COMMAND_S = 10  # the longest that a system command may take


def text(path):
    """Return a file's first 4096 characters without blanks and NULs around them; None if unreadable or empty."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip("\0\n \t") or None
    except OSError:
        return None


def output_of(*argv, check=True, user=None, **env):
    """Return what a system command prints in the C.UTF-8 locale, or None if it fails or takes longer than COMMAND_S.

    With check=False its exit code does not count. Root runs it as the user id `user`, if given, with `env` added.
    """
    own = user is not None and os.getuid() == 0 and user != 0
    try:
        done = subprocess.run(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=COMMAND_S,
            check=check,
            env=dict(os.environ, LC_ALL="C.UTF-8", **env),
            preexec_fn=(lambda: os.setuid(user)) if own else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def listed(path):
    """Return the sorted names in a directory, or an empty list if it cannot be read."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def usb(device):
    """Return ids, serial, port and product name of the USB device above a sysfs entry, or None if it is not on USB."""
    at = os.path.realpath(device)
    while len(at) > len(ROOT) + 1:
        if os.path.exists(at + "/idVendor"):
            return {
                "vid_pid": "%s:%s" % (text(at + "/idVendor"), text(at + "/idProduct")),
                "serial": text(at + "/serial") or "",
                "port": os.path.basename(at),
                "product": text(at + "/product") or "",
            }
        at = os.path.dirname(at)
    return None


def driver(entry):
    """Return the name of the kernel driver of an entry of sysfs, or None."""
    try:
        return os.path.basename(os.readlink(entry + "/device/driver"))
    except OSError:
        return None


def cameras():
    """Return each camera once: name, USB identity (or None), driver, and its video nodes.

    A UVC camera has one node for pictures and one for metadata, which are put together by USB port.
    """
    by_port: dict = {}
    folder = ROOT + "/sys/class/video4linux/"
    for node in listed(folder):
        bus = usb(folder + node + "/device")
        name = text(folder + node + "/name") or ""
        camera = {"name": name, "usb": bus, "driver": driver(folder + node), "nodes": []}
        by_port.setdefault(bus["port"] if bus else node, camera)["nodes"].append(node)
    return [by_port[port] for port in sorted(by_port)]


def audio():
    """Return each sound card: its name, its USB identity (or None), and whether it captures and plays back."""
    folder = ROOT + "/sys/class/sound/"
    entries = listed(folder)
    cards = []
    for card in (e for e in entries if e.startswith("card") and e[4:].isdigit()):
        streams = [e for e in entries if e.startswith("pcmC%sD" % card[4:])]
        cards.append(
            {
                "name": text(folder + card + "/id") or card,
                "usb": usb(folder + card + "/device"),
                "capture": any(e.endswith("c") for e in streams),
                "playback": any(e.endswith("p") for e in streams),
            }
        )
    return cards


def desktop():
    """Return id of the desktop's user and environment of the sound server; None if no user has a sound server.

    Of several it is the lowest id from PEOPLE on, or this process's own; ids below are as of the login screen.
    """
    users = sorted(int(user) for user in listed(ROOT + "/run/user") if user.isdigit())
    for user in (u for u in users if u >= PEOPLE or u == os.getuid()):  # below them is the login screen's own server
        runtime = ROOT + "/run/user/%d" % user
        if os.path.exists(runtime + "/pulse/native"):
            return user, {"XDG_RUNTIME_DIR": runtime, "PULSE_SERVER": "unix:" + runtime + "/pulse/native"}
    return None


def pactl(*words):
    """Return the sound server's JSON answer (PulseAudio, or PipeWire in its place), or None if it gives none."""
    here = desktop()
    if here is None:
        return None
    try:
        return json.loads(output_of("pactl", "-f", "json", *words, user=here[0], **here[1]) or "null")
    except ValueError:
        return None


def sound():
    """Return the default playback and capture devices, each side a list of one or none; None without a sound server.

    They are found by name, as descriptions are translated. A Linux desktop has one role.
    """
    info = pactl("info")
    if not isinstance(info, dict):
        return None
    defaults = {}
    for side, kind in (("playback", "sinks"), ("capture", "sources")):
        name = info.get("default_%s_name" % kind[:-1])
        device = next((d for d in pactl("list", kind) or [] if d.get("name") == name), None)
        defaults[side] = [] if device is None else [default(device)]
    return defaults


def default(device):
    """Return one default device: name, USB identity (or None), whether it is a monitor and muted, and its volume.

    The volume is that of the quietest channel in percent, or -1 if no channel tells it.
    """
    own = device.get("properties", {})
    percents = [v.get("value_percent", "") for v in device.get("volume", {}).values()]
    card = own.get("alsa.card")
    return {
        "role": "default",
        "name": device.get("name", ""),
        "usb": usb(ROOT + "/sys/class/sound/card%s/device" % card) if card else None,
        "monitor": own.get("device.class") == "monitor",
        "muted": device.get("mute"),
        "volume_percent": min([int(p[:-1]) for p in percents if p[:-1].isdigit()] or [-1]),
    }


def holders():
    """Return the names of the programs that hold a camera now."""
    names = set()
    for pid in (p for p in listed(ROOT + "/proc") if p.isdigit()):
        folder = ROOT + "/proc/" + pid
        for entry in listed(folder + "/fd"):
            try:
                held = os.readlink(folder + "/fd/" + entry).startswith("/dev/video")
            except OSError:
                continue
            if held:
                names.add(text(folder + "/comm") or pid)
    return sorted(names)


def apps(names):
    """Return name and version of each package in `names` that is installed."""
    out = (
        output_of("dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${db:Status-Status}\\n", *names, check=False)
        if names
        else ""
    )
    rows = [line.split("\t") for line in (out or "").splitlines()]
    return [{"name": r[0], "version": r[1]} for r in rows if len(r) == 3 and r[2] == "installed"]


def updates():
    """Return when a package was last upgraded (seconds since 1970), or if none was, when dpkg's log begins, or None."""
    newest, oldest = None, None
    for name in ("/var/log/dpkg.log.1", "/var/log/dpkg.log"):
        try:
            with open(ROOT + name, encoding="utf-8", errors="replace") as file:
                for line in file:
                    oldest = oldest or line[:19]
                    if line[19:28] == " upgrade ":
                        newest = line[:19]
        except OSError:
            pass
    try:
        return {"newest": int(time.mktime(time.strptime(newest or oldest or "", "%Y-%m-%d %H:%M:%S")))}
    except (ValueError, OverflowError):
        return None


def adapters():
    """Return the hardware network interfaces with their MAC address and state."""
    folder = ROOT + "/sys/class/net/"
    hard = [n for n in listed(folder) if n != "lo" and os.path.exists(folder + n + "/device")]
    return [{"name": n, "mac": text(folder + n + "/address"), "state": text(folder + n + "/operstate")} for n in hard]


def macs():
    """Return the MAC addresses of the hardware network interfaces, in lower case."""
    folder = ROOT + "/sys/class/net/"
    hard = [n for n in listed(folder) if n != "lo" and os.path.exists(folder + n + "/device")]
    return [m.lower() for m in (text(folder + n + "/address") for n in hard) if m]


def zone():
    """Return the time zone's name by the link /etc/localtime, or by /etc/timezone if that is no link; else None."""
    try:
        return os.readlink(ROOT + "/etc/localtime").rpartition("zoneinfo/")[2] or None
    except OSError:
        return text(ROOT + "/etc/timezone")


def offset_s(name):
    """Return the time zone's current offset from UTC in seconds, or None if this PC does not know the zone."""
    if not name or not os.path.isfile("/usr/share/zoneinfo/" + name):
        return None  # date takes a zone that it does not know for UTC
    offset = output_of("date", "+%z", TZ=name) or ""  # as +0800; Python has zones of its own from 3.9 on only
    sign, digits = offset[:1], offset[1:]
    if sign not in ("+", "-") or len(digits) != 4 or not digits.isdigit():
        return None
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if sign == "-" else seconds


def disk():
    """Return size and free space of the root file system in MB (1024 x 1024 bytes), or None if df does not tell."""
    lines = (output_of("df", "-Pk", ROOT + "/") or "").splitlines()
    try:
        fields = lines[-1].split()
        return {"total_mb": int(fields[1]) // 1024, "free_mb": int(fields[3]) // 1024}
    except (IndexError, ValueError):
        return None


def collect(wanted=()):
    """Return the whole object; `wanted` are packages to look for. What could not be read is None, or an empty list."""
    name, clock = zone(), output_of("date", "-u", "+%s")
    synced = output_of("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    return {
        "schema": SCHEMA,
        "os": "linux",
        "serial": text(DMI + "product_serial"),
        "vendor": text(DMI + "sys_vendor"),
        "model": text(DMI + "product_name"),
        "hostname": text(ROOT + "/proc/sys/kernel/hostname"),
        "macs": macs(),
        "system": (text(ROOT + "/etc/os-release") or "").partition('PRETTY_NAME="')[2].partition('"')[0] or None,
        "clock_s": int(clock) if clock and clock.lstrip("-").isdigit() else None,
        "clock_source": "systemd-timesyncd" if synced else None,
        "clock_synced": {"yes": True, "no": False}.get(synced),
        "zone": name,
        "utc_offset_s": offset_s(name),
        "disk": disk(),
        "cameras": cameras(),
        "audio": audio(),
        "sound": sound(),
        "holders": holders(),
        "apps": apps(wanted),
        "updates": updates(),
        "adapters": adapters(),
        "logon": "desktop" if desktop() else "none",
    }


if __name__ == "__main__" and "TASK" not in globals():
    print(json.dumps(collect()))
