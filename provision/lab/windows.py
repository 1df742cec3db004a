"""The PowerShell of an emulated Windows PC.

It takes the program on standard input, reads the task in its first line and answers from the PC's state.

It runs no PowerShell: what a real one would do with the text is not shown here. It keeps state below KIT_ROOT,
prints as Windows PowerShell 5.1 does (byte order mark, CRLF; with the fault `noise` also lists in a wrapper and
progress as CLIXML), and follows the PC's faults.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from typing import Any

ROOT = os.environ["KIT_ROOT"]
STATE = ROOT + "/lab/windows.json"
KEYS = ROOT + "/root/.ssh/authorized_keys"
OUTBOX = ROOT + "/ProgramData/Kit/outbox/"
CLIXML = (
    '#< CLIXML\r\n<Objs Version="1.1.0.1"><Obj S="progress"><PR N="Record">'
    "<AV>Preparing modules</AV></PR></Obj></Objs>\r\n"
)
NEW, OLD = "6.2.11", "5.11.3"


def load() -> dict[str, Any]:
    """Return the PC's state."""
    with open(STATE, encoding="utf-8") as file:
        return dict(json.load(file))


def save(state: dict[str, Any]) -> None:
    """Write the PC's state to its file, which is replaced in one step."""
    with open(STATE + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
    os.replace(STATE + ".new", STATE)


def wrapped(items: list[Any], wrong: dict[str, Any]) -> object:
    """Return the list or, with the fault `noise`, an object around it, as some versions of ConvertTo-Json print it."""
    return {"value": items, "Count": len(items)} if wrong.get("noise") else items


def usb(state: dict[str, Any], kind: str) -> list[Any]:
    """Return the USB devices of one kind, as the fault of that kind changes them.

    `gone` is none, `other` another device, `moved` its own at another port, `twice` its own and a second one.
    """
    box, wrong = state["things"][kind], state["faults"].get(kind, "")
    own = {"vid_pid": box["vid_pid"], "serial": box["serial"], "port": box["port"], "product": box["name"]}
    if wrong == "gone":
        return []
    if wrong == "other":
        return [dict(own, vid_pid="f0ff:0001", serial="")]
    if wrong == "moved":
        return [dict(own, port=own["port"] + "#USB(7)")]
    second = dict(own, vid_pid="f0ff:0002", serial="", port=own["port"] + "#USB(8)", product="Second " + kind)
    return [own, second] if wrong == "twice" else [own]


def default(state: dict[str, Any], kind: str, side: str) -> list[Any]:
    """Return the default device of one side for both roles, or none, as the fault `sound` has it."""
    wrong = state["faults"].get("sound", "")
    found = usb(state, kind)
    if wrong == "none" or not found:
        return []
    hdmi = wrong == "default" and side == "playback"
    return [
        {
            "role": role,
            "name": "Digital Audio (HDMI)" if hdmi else found[0]["product"],
            "usb": None if hdmi else found[0],
            "state": 0x10000001 if wrong == "disabled" else 1,
            "volume_percent": 10 if wrong == "quiet" else 80,
            "muted": wrong == {"playback": "muted", "capture": "mic-muted"}[side],
        }
        for role in ("console", "communications")
    ]


def cameras(state: dict[str, Any]) -> list[Any]:
    """Return the cameras that Windows knows; with the fault `phantom`, also one that is not there any more."""
    wrong = state["faults"].get("camera", "")
    code = int(state["faults"].get("problem") or 0)
    word = "Kamera Wéb " if state["faults"].get("noise") else "USB Camera "
    found = [
        {
            "name": word + one["product"],
            "status": "Error" if code else "OK",
            "present": True,
            "problem": code,
            "usb": one,
        }
        for one in usb(state, "webcam")
    ]
    if wrong == "phantom":
        found.append(
            {
                "name": "Old webcam",
                "status": "Unknown",
                "present": False,
                "problem": 45,
                "usb": dict(usb(state, "speaker")[0], port="x"),
            }
        )
    return found


def collected(state: dict[str, Any]) -> dict[str, Any]:
    """Return what the collector would report on this PC, with its faults."""
    wrong = state["faults"]
    deny = wrong.get("consent", "")
    levels = {"machine": "Allow", "user": "Allow", "desktop apps": "Allow"}
    cards = [("microphone", True, False), ("speaker", False, True)]
    audio = [
        {"name": one["product"], "usb": one, "capture": c, "playback": p}
        for kind, c, p in cards
        for one in usb(state, kind)
    ]
    clock = int(wrong.get("clock") or time.time())
    return {
        "schema": 2,
        "os": "windows",
        "serial": wrong.get("serial") or state["serial"],
        "vendor": state["vendor"],
        "model": state["model"],
        "hostname": state["settings"]["system.hostname"],
        "system": "Microsoft Windows 11 Pro 10.0.22631",
        "clock_s": clock,
        "clock_synced": "True",
        "clock_source": "NTP",
        "zone": state["settings"]["system.timezone"],
        "utc_offset_s": 28800 if state["settings"]["system.timezone"] == "Singapore Standard Time" else 25200,
        "cameras": wrapped(cameras(state), wrong),
        "audio": wrapped(audio, wrong),
        "sound": {
            "playback": default(state, "speaker", "playback"),
            "capture": default(state, "microphone", "capture"),
        },
        "consent": {k: dict(levels, **({deny: "Deny"} if deny else {})) for k in ("webcam", "microphone")},
        "holders": ["Zoom.exe"] if wrong.get("camera") == "held" else [],
        "apps": [{"name": "Zoom Workplace (64-bit)", "version": wrong.get("app") or NEW}],
        "updates": {"newest": f"/Date({int(time.time() - 86400 * 9) * 1000})/"},
        "adapters": [{"name": "Ethernet", "mac": state["mac"].upper(), "state": "True"}],
        "macs": [state["mac"]],
        "logon": "remote" if wrong.get("sound") == "remote" else "desktop",
        "disk": {"total_mb": 476000, "free_mb": int(wrong.get("disk") or 120000)},
        "antivirus": {"on": "True", "age_days": 1},
    }


def shows(fault: str) -> bool:
    """Whether the report would say something else without this fault."""
    state, now = load(), time.time()
    time.time = lambda: now
    return collected(state) != collected({**state, "faults": {n: v for n, v in state["faults"].items() if n != fault}})


def with_key(line: str, *, there: bool) -> None:
    """Add a line to the authorised keys, or remove its key if not `there`; comments are not compared."""
    wanted = line.split()[:2]
    with open(KEYS, encoding="utf-8") as file:
        kept = [one for one in file.read().splitlines() if one.split()[:2] != wanted]
    with open(KEYS, "w", encoding="utf-8") as file:
        file.write("".join(one + "\n" for one in kept + ([line] if there else [])))


def running(state: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """Return the present value of each setting in the task; those that have none are left out."""
    with open(KEYS, encoding="utf-8") as file:
        keys = [" ".join(line.split()[:2]) for line in file]
    key = " ".join(task["key"].split()[:2])
    own = dict(state["settings"], **{"ssh.monitoring_key": key if key in keys else None})
    return {path: own[path] for path in task["settings"] if own.get(path) is not None}


def put(state: dict[str, Any], task: dict[str, Any], path: str, value: object) -> None:
    """Set one setting in the state; the monitoring key is added to or removed from the authorised keys.

    The report program is kept as a hash, with its configuration.
    """
    if path == "ssh.monitoring_key":
        with_key(task["key"], there=value is not None)
    elif path == "report.program" and value is not None:
        state["settings"][path] = hashlib.sha256((task["report_program"] + task["report"]).encode()).hexdigest()
        state["report"] = json.loads(task["report"])
    else:
        state["settings"][path] = value


def change(state: dict[str, Any], task: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Set the settings that differ, and keep what was before; return their paths, and why some failed."""
    now, kept = running(state, task), state["before"]
    differs = [p for p in task["settings"] if now.get(p) != task["settings"][p]]
    if differs or not kept:
        state["before"] = kept = dict({p: now.get(p) for p in differs}, **kept)
        kept.setdefault("ssh.monitoring_key", None)
    failed: dict[str, str] = {}
    for path in differs:
        if path not in {*state["settings"], "report.program", "ssh.monitoring_key"}:
            failed[path] = "this kind of PC has no such setting"
        else:
            put(state, task, path, task["settings"][path])
    return differs, failed


def undo(state: dict[str, Any], task: dict[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Restore the values from before the first change, and forget the report's configuration.

    Return the restored paths, the monitoring key last, and no failures.
    """
    order = sorted(state["before"], key=lambda p: p == "ssh.monitoring_key")
    for path in order:
        put(state, task, path, state["before"][path])
    state["before"] = {}
    state.pop("report", None)
    return order, {}


def obey(text: str) -> None:
    """Carry out the task in the program's first line, and print the answer as Windows PowerShell would.

    Exits with status 1 if it is not the kit's program. A task that changes something fails if it is for a PC with
    another serial number, unless this PC's number is a filler.
    """
    first, _, program = text.partition("\n")
    if "Get-Collected" not in program:
        sys.stderr.write("ParserError: this is not the program that it knows\n")
        sys.exit(1)
    task, state = json.loads(first), load()
    wrong, serial = state["faults"], state["faults"].get("serial") or state["serial"]
    changed: list[str] = []
    failed: dict[str, str] = {}
    if task["verb"] != "look" and serial.lower() not in task["fillers"] and serial.lower() != task["serial"].lower():
        failed = {"identity": f"another PC: serial {serial}, recorded {task['serial']}"}
    elif task["verb"] == "settle":
        state.setdefault("barred", []).append(task["run"])
        save(state)
    elif task["verb"] != "look" and task["run"] in state.get("barred", ()):
        failed = {"run": f"another run has ended {task['run']}: nothing was changed"}
    elif task["verb"] != "look":
        changed, failed = (change if task["verb"] == "apply" else undo)(state, task)
        save(state)
    answer = {"serial": serial, "changed": changed, "failed": failed, "settings": running(state, task)}
    if task["collect"]:
        answer["collected"] = collected(state)
    answer["end"] = task["nonce"]
    out = json.dumps(answer, ensure_ascii=not wrong.get("noise"))
    sys.stdout.buffer.write(("\ufeff" + (CLIXML if wrong.get("noise") else "") + out + "\r\n").encode())


def report() -> None:
    """Write the next daily report, signed, to the outbox, as the scheduled task would."""
    state = load()
    config, state["counter"] = state["report"], state.get("counter", 0) + 1
    save(state)
    body, at = json.dumps(collected(state)), int(time.time())
    signed = f"{config['tag']}\n{state['counter']}\n{at}\n{body}"
    mac = hmac.new(bytes.fromhex(config["key"]), signed.encode(), hashlib.sha256).hexdigest()
    os.makedirs(OUTBOX, exist_ok=True)
    with open(OUTBOX + f"{config['tag']}-{state['counter']:06d}.json", "w") as file:
        json.dump({"kit": config["tag"], "counter": state["counter"], "at": at, "body": body, "mac": mac}, file)


def outbox(line: str, after: int) -> None:
    """Print the reports with a number above `after`, then an end line with `line`."""
    names = sorted(os.listdir(OUTBOX)) if os.path.isdir(OUTBOX) else []
    for name in (n for n in names if int(n[:-5].rpartition("-")[2]) > after):
        with open(OUTBOX + name) as file:
            sys.stdout.write(file.read() + "\r\n")
    sys.stdout.write("end " + line.strip() + "\r\n")


def main(words: list[Any]) -> None:
    """Run as the command `powershell` or `hostname`, or write a daily report, by the words given."""
    if words == ["report"]:
        report()
        return
    if words[0] == "shows":
        sys.stdout.write("yes\r\n" if shows(words[1]) else "no\r\n")
        return
    if words == ["hostname"]:
        sys.stdout.write(load()["settings"]["system.hostname"] + "\r\n")
        return
    script = base64.b64decode(words[words.index("-EncodedCommand") + 1]).decode("utf-16-le")
    if "outbox" in script:
        nonce, after = sys.stdin.readline().split()
        outbox(nonce, int(after))
    else:
        obey(sys.stdin.buffer.read().decode("utf-8-sig"))


if __name__ == "__main__":
    main(sys.argv[1:])
