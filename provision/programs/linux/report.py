"""Leave one signed report in the outbox, and in the office's drop if there is one and it can be reached.

Laid down as /var/lib/kit/report.py behind the collector, whose functions it uses; run each day by kit-report.timer.
"""

import hashlib
import hmac
import sys
import time
import urllib.request

FOLDER = ROOT + "/var/lib/kit"
OUTBOX = FOLDER + "/outbox"
KEPT = 14
DROP_S = 120


def put(path, body):
    """Write a file whole, readable by root only: beside its place, flushed, renamed."""
    descriptor = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)


def drop(url, name, body):
    """Put a file into the office's drop (HTTP PUT); if that fails, write the reason to standard error.

    The file is in the outbox all the same.
    """
    request = urllib.request.Request(url.rstrip("/") + "/" + name, data=body.encode(), method="PUT")
    try:
        urllib.request.urlopen(request, timeout=DROP_S).close()
    except (OSError, ValueError) as error:
        sys.stderr.write("the office's drop does not take it: %s\n" % error)


def report():
    """Write the next signed report into the outbox, keep the KEPT newest, and put it into the drop if there is one."""
    with open(FOLDER + "/report.json", encoding="utf-8") as file:
        config = json.load(file)
    os.makedirs(OUTBOX, mode=0o700, exist_ok=True)
    numbers = [text(FOLDER + "/counter") or ""] + [name[:-5].rpartition("-")[2] for name in listed(OUTBOX)]
    counter = max([int(n) for n in numbers if n.isdigit()] or [0]) + 1
    put(FOLDER + "/counter", "%d" % counter)  # first: a number is never given twice
    body = json.dumps(collect(config["apps"]))
    at = int(time.time())
    signed = "%s\n%d\n%d\n%s" % (config["tag"], counter, at, body)
    mac = hmac.new(bytes.fromhex(config["key"]), signed.encode(), hashlib.sha256).hexdigest()
    name = "%s-%06d.json" % (config["tag"], counter)
    whole = json.dumps({"kit": config["tag"], "counter": counter, "at": at, "body": body, "mac": mac})
    put(OUTBOX + "/" + name, whole)
    for old in listed(OUTBOX)[:-KEPT]:
        os.unlink(OUTBOX + "/" + old)
    if config["drop"]:
        drop(config["drop"], name, whole)


report()
