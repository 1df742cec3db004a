"""Look at, apply or undo a Linux PC's baseline, as TASK says. Sent behind TASK, collector.py and turn.py; it needs all.

Each setting is read, set and given back by itself; its value from before the first change is kept in
/var/lib/kit/before.json, written through to the disk before anything is changed, so that `undo` needs nothing else.
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


def run(*argv):
    """Run a system command. Raises OSError with its last line if it fails, TimeoutExpired after 300 s."""
    done = subprocess.run(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env=dict(os.environ, LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive"),
    )
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["it printed nothing"]
        raise OSError("%s: %s" % (argv[0], lines[-1][:200]))


def login():
    """Return home directory, user id and group id of the account by which the office logs in."""
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
    run("hostnamectl", "set-hostname", value)
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
    run("timedatectl", "set-timezone", value)


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
    run("systemctl", "try-restart", "systemd-timesyncd")


def key_file():
    return login()[0] + "/.ssh/authorized_keys"


def get_key():
    """Return type and text of the office's key if it is among the authorized keys, else None."""
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
    status = output_of("dpkg-query", "-W", "-f", "${db:Status-Status}", name)
    return "installed" if status == "installed" else None


def set_app(name, value):
    if value is None:
        run("dpkg", "--remove", name)
        return
    files = sorted(f for f in listed(INBOX) if f.startswith(name + "_") and f.endswith(".deb"))
    if not files:
        raise OSError("no package of it was brought along: provision apply --packages DIR with %s_VERSION.deb" % name)
    run("dpkg", "--install", INBOX + "/" + files[-1])


def get_report():
    """Return the SHA-256 of the report's program and configuration; None if both are empty or its timer is off."""
    if not os.path.lexists(UNITS + "timers.target.wants/" + TIMER):
        return None
    body = whole(REPORT) + whole(CONFIG)
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest() if body else None


def set_report(value):
    if value is None:
        if os.path.exists(UNITS + TIMER):
            run("systemctl", "disable", "--now", TIMER)
        folder = os.path.dirname(REPORT)
        shutil.rmtree(folder + "/outbox", ignore_errors=True)
        for path in (REPORT, CONFIG, folder + "/counter", UNITS + TIMER, UNITS + "kit-report.service"):
            try:
                os.unlink(path)
            except FileNotFoundError:
                pass
        run("systemctl", "daemon-reload")
        return
    write(CONFIG, TASK["report"], 0o600)
    write(REPORT, TASK["report_program"], 0o644)
    write(UNITS + "kit-report.service", UNIT + SERVICE_TEXT)
    write(UNITS + TIMER, UNIT + TIMER_TEXT)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", TIMER)


SETTINGS = {
    "system.hostname": (get_hostname, set_hostname),
    "system.timezone": (get_timezone, set_timezone),
    "time.ntp": (get_ntp, set_ntp),
    "report.program": (get_report, set_report),
    "ssh.monitoring_key": (get_key, set_key),  # the door: set last, taken away last
}


def accessors(path):
    """Return the functions that get and set the setting at `path`; `app.NAME` is the package NAME."""
    if path.startswith("app."):
        name = path[4:]
        return (lambda: get_app(name)), (lambda value: set_app(name, value))
    return SETTINGS[path]


def state(paths):
    """Return the value of each setting that is present, by path."""
    values = {path: accessors(path)[0]() for path in paths}
    return {path: value for path, value in values.items() if value is not None}


def before():
    """Return the values kept from before the first change, by path; {} without a file. Raises OSError if damaged."""
    body = whole(BEFORE)
    if not body and not os.path.exists(BEFORE):
        return {}
    try:
        return dict(json.loads(body))
    except (TypeError, ValueError):
        raise OSError("%s is damaged: what was there before is lost; remove it to go on without" % BEFORE) from None


def change(wanted):
    """Keep old values, then set what differs, each by itself. Returns the paths that differed, and failures by path."""
    running, kept = state(wanted), before()
    differs = [path for path in wanted if running.get(path) != wanted[path]]
    if differs or not kept:
        first = dict({path: running.get(path) for path in differs}, **kept)
        first.setdefault("ssh.monitoring_key", None)  # it may have come with the bench; it never stays
        write(BEFORE, json.dumps(first), 0o600)
    return differs, attempt([(path, wanted[path]) for path in differs])


def undo():
    """Set all kept values again, the key last, and forget what succeeds. Returns all paths, and failures by path."""
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
    """Set each (path, value), also after a failure. Returns the error text of each that failed, by path."""
    failed = {}
    for path, value in pairs:
        try:
            accessors(path)[1](value)
        except (OSError, subprocess.SubprocessError, KeyError) as error:
            failed[path] = str(error)
    return failed


def main():
    """Carry out TASK (see `Task` in pc_task.py), print one JSON object. A PC with another serial is not changed."""
    wanted = TASK["settings"]
    verbs = {
        "look": lambda: ([], {}),
        "settle": bar,
        "apply": lambda: unless_barred(lambda: change(wanted)),
        "undo": lambda: unless_barred(undo),
    }
    serial = text(DMI + "product_serial") or ""
    if TASK["verb"] != "look" and serial.lower() not in TASK["fillers"] and serial.lower() != TASK["serial"].lower():
        changed, failed = [], {"identity": "another PC: serial %s, recorded %s" % (serial, TASK["serial"])}
    else:
        try:
            with contextlib.nullcontext() if TASK["verb"] == "look" else alone():
                changed, failed = verbs[TASK["verb"]]()
        except OSError as error:
            changed, failed = [], {"baseline": str(error)}
    answer = {
        "serial": serial,
        "changed": changed,
        "failed": failed,
        "settings": state(wanted),
    }
    if TASK["verb"] != "look":
        shutil.rmtree(INBOX, ignore_errors=True)
    if TASK["collect"]:
        answer["collected"] = collect(TASK["apps"])
    if TASK["live"]:
        answer["live"] = {name: sense() for name, sense in SENSES.items()}
    answer["end"] = TASK["nonce"]  # last: an answer that was cut short does not have it
    print(json.dumps(answer))


main()
