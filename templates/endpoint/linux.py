"""The baseline of a Linux PC: look, apply, undo. Sent behind the collector, which it needs; see TASK below.

Each setting is read, set and given back by itself; the value from before the first change is kept in
/var/lib/kit/before.json, written through to the disk first, so that `undo` needs nobody's memory.
"""

import hashlib
import pwd
import shutil

BEFORE = ROOT + "/var/lib/kit/before.json"
INBOX = ROOT + "/var/lib/kit/inbox"
REPORT, CONFIG = ROOT + "/var/lib/kit/report.py", ROOT + "/var/lib/kit/report.json"
UNITS = ROOT + "/etc/systemd/system/"
TIMER = "kit-report.timer"
UNIT = "[Unit]\nDescription=The office's daily report of this PC\n\n"
SERVICE_TEXT = """[Service]
Type=oneshot
ExecStart=/usr/bin/python3 -SE /var/lib/kit/report.py
"""
TIMER_TEXT = """[Timer]
OnCalendar=daily
RandomizedDelaySec=1h
Persistent=true

[Install]
WantedBy=timers.target
"""
NTP = ROOT + "/etc/systemd/timesyncd.conf.d/kit.conf"


def write(path, body, mode=0o644):
    """Write a file whole, or not at all."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    try:
        mode = os.stat(path).st_mode & 0o7777
    except OSError:
        pass
    with open(path + ".kit-new", "w", encoding="utf-8") as file:
        os.chmod(path + ".kit-new", mode)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".kit-new", path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def whole(path):
    """Read a whole file; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def do(*argv):
    """Run a word of the system that changes something; raise with what it said."""
    done = subprocess.run(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env=dict(os.environ, LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive"),
    )
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["no word of it"]
        raise OSError("%s: %s" % (argv[0], lines[-1][:200]))


def login():
    """Give the home and the ids of the account by which the office logs in."""
    name = os.environ.get("SUDO_USER")
    if name:
        entry = pwd.getpwnam(name)
        return entry.pw_dir, entry.pw_uid, entry.pw_gid
    return os.environ["HOME"], os.getuid(), os.getgid()


# -- the settings: how each is read, and how it is set; None is absent ---------------------------------
def get_hostname():
    return text(ROOT + "/etc/hostname")


def set_hostname(value):
    old = get_hostname()
    do("hostnamectl", "set-hostname", value)
    hosts = whole(ROOT + "/etc/hosts")
    lines = [
        " ".join(value if w == old else w for w in line.split()) if line.startswith("127.0.1.1") else line
        for line in hosts.splitlines()
    ]
    if old and hosts and lines != hosts.splitlines():
        write(ROOT + "/etc/hosts", "\n".join(lines) + "\n")


def get_timezone():
    return zone()


def set_timezone(value):
    do("timedatectl", "set-timezone", value)


def get_ntp():
    for line in whole(NTP).splitlines():
        if line.startswith("NTP="):
            return line[4:].split()
    return None


def set_ntp(value):
    if value is None:
        try:
            os.unlink(NTP)
        except FileNotFoundError:
            pass
    else:
        write(
            NTP, "# kit: written by the office; given back when the kit is returned\n[Time]\nNTP=%s\n" % " ".join(value)
        )
    do("systemctl", "try-restart", "systemd-timesyncd")


def key_file():
    return login()[0] + "/.ssh/authorized_keys"


def get_key():
    """The office's own key, where it is among those that may log in."""
    wanted = TASK["key"].split()[:2]
    for line in whole(key_file()).splitlines():
        if line.split()[:2] == wanted:
            return " ".join(wanted)
    return None


def set_key(value):
    _, uid, gid = login()
    path = key_file()
    wanted = TASK["key"].split()[:2]
    kept = [line for line in whole(path).splitlines() if line.split()[:2] != wanted]
    if value is not None:
        kept.append(TASK["key"])
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o700)
        os.chown(folder, uid, gid)
    write(path, "".join(line + "\n" for line in kept), 0o600)
    os.chown(path, uid, gid)


def get_app(name):
    status = said("dpkg-query", "-W", "-f", "${db:Status-Status}", name)
    return "installed" if status == "installed" else None


def set_app(name, value):
    if value is None:
        do("dpkg", "--remove", name)
        return
    files = sorted(f for f in listed(INBOX) if f.startswith(name + "_") and f.endswith(".deb"))
    if not files:
        raise OSError("no package of it was brought along: provision apply --packages DIR with %s_VERSION.deb" % name)
    do("dpkg", "--install", INBOX + "/" + files[-1])


def get_report():
    """Give the digest of the report's program and configuration, where its timer runs."""
    if not os.path.lexists(UNITS + "timers.target.wants/" + TIMER):
        return None
    body = whole(REPORT) + whole(CONFIG)
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest() if body else None


def set_report(value):
    if value is None:
        if os.path.exists(UNITS + TIMER):
            do("systemctl", "disable", "--now", TIMER)
        folder = os.path.dirname(REPORT)
        shutil.rmtree(folder + "/outbox", ignore_errors=True)
        for path in (REPORT, CONFIG, folder + "/counter", UNITS + TIMER, UNITS + "kit-report.service"):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
        do("systemctl", "daemon-reload")
        return
    write(CONFIG, TASK["report"], 0o600)
    write(REPORT, TASK["report_program"], 0o644)
    write(UNITS + "kit-report.service", UNIT + SERVICE_TEXT)
    write(UNITS + TIMER, UNIT + TIMER_TEXT)
    do("systemctl", "daemon-reload")
    do("systemctl", "enable", "--now", TIMER)


SETTINGS = {
    "system.hostname": (get_hostname, set_hostname),
    "system.timezone": (get_timezone, set_timezone),
    "time.ntp": (get_ntp, set_ntp),
    "report.program": (get_report, set_report),
    "ssh.monitoring_key": (get_key, set_key),  # the door: set last, taken away last
}


def words(path):
    """Give how a setting is read and set; an app's path names its package."""
    if path.startswith("app."):
        name = path[4:]
        return (lambda: get_app(name)), (lambda value: set_app(name, value))
    return SETTINGS[path]


def state(paths):
    """Give the value of each setting that is present."""
    found = {path: words(path)[0]() for path in paths}
    return {path: value for path, value in found.items() if value is not None}


def before():
    """Give what was there before the office's first change, by path."""
    body = whole(BEFORE)
    if not body and not os.path.exists(BEFORE):
        return {}
    try:
        return dict(json.loads(body))
    except (TypeError, ValueError):
        raise OSError("%s is damaged: what was there before is lost; remove it to go on without" % BEFORE) from None


def change(wanted):
    """Set what differs; what fails does not keep the others from being set. Gives what differed, and the failures."""
    running, kept = state(wanted), before()
    differs = [path for path in wanted if running.get(path) != wanted[path]]
    if differs or not kept:
        first = dict({path: running.get(path) for path in differs}, **kept)
        first.setdefault("ssh.monitoring_key", None)  # it may have come with the bench; it never stays
        write(BEFORE, json.dumps(first), 0o600)
    return differs, attempt([(path, wanted[path]) for path in differs])


def undo():
    """Give back what was there before; what is given back is forgotten. Gives as `change` does."""
    kept = before()
    order = sorted(kept, key=lambda path: path == "ssh.monitoring_key")
    failed = attempt([(path, kept[path]) for path in order])
    left = {path: kept[path] for path in failed}
    if left:
        write(BEFORE, json.dumps(left), 0o600)
    else:
        shutil.rmtree(os.path.dirname(BEFORE), ignore_errors=True)
    return order, failed


def attempt(pairs):
    """Set each (path, value); give what went wrong by path."""
    failed = {}
    for path, value in pairs:
        try:
            words(path)[1](value)
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            failed[path] = str(error)
    return failed


def main():
    """Do TASK: verb (look, apply, undo), nonce, key, settings, collect, serial (of the record), fillers (no serials)."""
    wanted = TASK["settings"]
    verbs = {"look": lambda: ([], {}), "apply": lambda: change(wanted), "undo": undo}
    said = text(DMI + "product_serial") or ""
    if TASK["verb"] != "look" and said.lower() not in TASK["fillers"] and said.lower() != TASK["serial"].lower():
        changed, failed = [], {"identity": "another PC: serial %s, recorded %s" % (said, TASK["serial"])}
    else:
        try:
            changed, failed = verbs[TASK["verb"]]()
        except OSError as error:
            changed, failed = [], {"baseline": str(error)}
    answer = {
        "serial": said,
        "changed": changed,
        "failed": failed,
        "settings": state(wanted),
    }
    if TASK["verb"] != "look":
        shutil.rmtree(INBOX, ignore_errors=True)
    if TASK["collect"]:
        answer["collected"] = collect(TASK["apps"])
    if TASK["live"]:
        answer["live"] = {"hearing": hearing(), "sight": sight()}
    answer["end"] = TASK["nonce"]  # last: an answer that was cut short does not have it
    print(json.dumps(answer))


main()
