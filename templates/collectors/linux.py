"""What a Linux PC says of itself: one JSON object (schema 2), standard library only, Python 3.8 or later.

Run by the office over SSH on standard input, or by hand: `sudo python3 linux.py`. It changes nothing.
USB identity is read from sysfs, where a description cannot be translated or garbled.
"""

import json
import os
import subprocess
import time

SCHEMA = 2
ROOT = os.environ.get("KIT_ROOT", "").rstrip("/")
DMI = ROOT + "/sys/class/dmi/id/"
PEOPLE = 1000  # the first number of a person, as Debian gives them out
WORD_S = 10  # the longest that a word of the system may take


def text(path):
    """Read one line of a file below the root; None where there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096).strip("\0\n \t") or None
    except OSError:
        return None


def said(*argv, check=True, user=None, **env):
    """Run a word of the system, in no language but C; None where it fails or is not there. `user` is a number."""
    own = user is not None and os.getuid() == 0 and user != 0
    try:
        done = subprocess.run(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=WORD_S,
            check=check,
            env=dict(os.environ, LC_ALL="C.UTF-8", **env),
            preexec_fn=(lambda: os.setuid(user)) if own else None,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def listed(path):
    """List a directory, sorted; empty where there is none."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def usb(device):
    """Give the USB identity of what hangs below a USB device, or None: it sits on another bus."""
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
    """Give the name of the kernel's driver behind an entry."""
    try:
        return os.path.basename(os.readlink(entry + "/device/driver"))
    except OSError:
        return None


def cameras():
    """Give each camera once: a UVC camera has a node for pictures and one for metadata."""
    found = {}
    folder = ROOT + "/sys/class/video4linux/"
    for node in listed(folder):
        bus = usb(folder + node + "/device")
        key = bus["port"] if bus else node
        one = found.setdefault(
            key,
            {"name": text(folder + node + "/name") or "", "usb": bus, "driver": driver(folder + node), "nodes": []},
        )
        one["nodes"].append(node)
    return [found[key] for key in sorted(found)]


def audio():
    """Give each sound card with what it can do."""
    folder = ROOT + "/sys/class/sound/"
    entries = listed(folder)
    found = []
    for card in (e for e in entries if e.startswith("card") and e[4:].isdigit()):
        streams = [e for e in entries if e.startswith("pcmC%sD" % card[4:])]
        found.append(
            {
                "name": text(folder + card + "/id") or card,
                "usb": usb(folder + card + "/device"),
                "capture": any(e.endswith("c") for e in streams),
                "playback": any(e.endswith("p") for e in streams),
            }
        )
    return found


def desktop():
    """Give user and environment of the sound server of whoever is logged in at the desktop; None where nobody is."""
    users = sorted(int(user) for user in listed(ROOT + "/run/user") if user.isdigit())
    for user in (u for u in users if u >= PEOPLE or u == os.getuid()):  # below them is the login screen's own server
        runtime = ROOT + "/run/user/%d" % user
        if os.path.exists(runtime + "/pulse/native"):
            return user, {"XDG_RUNTIME_DIR": runtime, "PULSE_SERVER": "unix:" + runtime + "/pulse/native"}
    return None


def pactl(*words):
    """Ask the sound server of the desktop (PulseAudio, or PipeWire in its place) for JSON; None where it does not answer."""
    here = desktop()
    if here is None:
        return None
    try:
        return json.loads(said("pactl", "-f", "json", *words, user=here[0], **here[1]) or "null")
    except ValueError:
        return None


def sound():
    """Give the default devices: one role, since a Linux desktop knows no second one; by name and card, never by description."""
    info = pactl("info")
    if not isinstance(info, dict):
        return None
    found = {}
    for side, kind in (("playback", "sinks"), ("capture", "sources")):
        name = info.get("default_%s_name" % kind[:-1])
        one = next((d for d in pactl("list", kind) or [] if d.get("name") == name), None)
        found[side] = [] if one is None else [default(one)]
    return found


def default(one):
    """Give one default device: what it is, whether it is muted, how loud it is."""
    own = one.get("properties", {})
    percents = [v.get("value_percent", "") for v in one.get("volume", {}).values()]
    card = own.get("alsa.card")
    return {
        "role": "default",
        "name": one.get("name", ""),
        "usb": usb(ROOT + "/sys/class/sound/card%s/device" % card) if card else None,
        "monitor": own.get("device.class") == "monitor",
        "muted": one.get("mute"),
        "volume_percent": min([int(p[:-1]) for p in percents if p[:-1].isdigit()] or [-1]),
    }


def holders():
    """Give the programs that hold a camera now."""
    found = set()
    for pid in (p for p in listed(ROOT + "/proc") if p.isdigit()):
        folder = ROOT + "/proc/" + pid
        for entry in listed(folder + "/fd"):
            try:
                held = os.readlink(folder + "/fd/" + entry).startswith("/dev/video")
            except OSError:
                continue
            if held:
                found.add(text(folder + "/comm") or pid)
    return sorted(found)


def apps(names):
    """Give those of the named packages that are installed, with their versions."""
    out = (
        said("dpkg-query", "-W", "-f", "${Package}\\t${Version}\\t${db:Status-Status}\\n", *names, check=False)
        if names
        else ""
    )
    rows = [line.split("\t") for line in (out or "").splitlines()]
    return [{"name": r[0], "version": r[1]} for r in rows if len(r) == 3 and r[2] == "installed"]


def updates():
    """Give when a package was last upgraded; before the first time, when the system was installed (the log's first line)."""
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
        return {"newest": int(time.mktime(time.strptime(newest or oldest, "%Y-%m-%d %H:%M:%S")))}
    except (TypeError, ValueError, OverflowError):
        return None


def adapters():
    """Give the network interfaces that are hardware, with their state."""
    folder = ROOT + "/sys/class/net/"
    hard = [n for n in listed(folder) if n != "lo" and os.path.exists(folder + n + "/device")]
    return [{"name": n, "mac": text(folder + n + "/address"), "state": text(folder + n + "/operstate")} for n in hard]


def macs():
    """Give the addresses of the network interfaces that are hardware."""
    folder = ROOT + "/sys/class/net/"
    hard = [n for n in listed(folder) if n != "lo" and os.path.exists(folder + n + "/device")]
    return [m.lower() for m in (text(folder + n + "/address") for n in hard) if m]


def zone():
    """Give the name of the time zone, by the link that the system itself follows."""
    try:
        return os.readlink(ROOT + "/etc/localtime").rpartition("zoneinfo/")[2] or None
    except OSError:
        return text(ROOT + "/etc/timezone")


def offset_s(name):
    """Give the zone's offset from UTC in seconds, where this PC knows the zone."""
    try:
        from datetime import datetime
        from zoneinfo import ZoneInfo

        return int(datetime.now(ZoneInfo(name)).utcoffset().total_seconds())
    except Exception:
        return None


def disk():
    """Give size and room of the disk of the system, in MB."""
    lines = (said("df", "-Pk", ROOT + "/") or "").splitlines()
    try:
        fields = lines[-1].split()
        return {"total_mb": int(fields[1]) // 1024, "free_mb": int(fields[3]) // 1024}
    except (IndexError, ValueError):
        return None


def collect(wanted=()):
    """Give the whole object; what could not be read is None."""
    name, clock = zone(), said("date", "-u", "+%s")
    synced = said("timedatectl", "show", "-p", "NTPSynchronized", "--value")
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
