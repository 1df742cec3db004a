"""One run at a time works on a Linux PC, and one that was ended by another begins no more; files are written whole.

Sent behind TASK and the collector; it needs both.
"""

import contextlib
import fcntl

LOCK, BARRED = ROOT + "/var/lib/kit/lock", ROOT + "/var/lib/kit/barred"
PATIENCE_S, KEPT_RUNS = 60, 20


def write(path, body, mode=0o644):
    """Write a file whole or not at all: beside its place, flushed, renamed. An existing file keeps its mode."""
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
    """Return the text of a file, or an empty text if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


@contextlib.contextmanager
def alone():
    """Keep every other program of the office's off this PC's settings. Raises OSError after PATIENCE_S seconds."""
    os.makedirs(os.path.dirname(LOCK), mode=0o755, exist_ok=True)
    with open(LOCK, "w") as file:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OSError("another program of the office is still at work here") from None
                time.sleep(0.1)
        yield


def bar():
    """Note that TASK's run has been ended by another one, so that it changes nothing here when it arrives late."""
    runs = [one for one in whole(BARRED).splitlines() if one != TASK["run"]]
    write(BARRED, "".join(one + "\n" for one in (runs + [TASK["run"]])[-KEPT_RUNS:]), 0o600)
    return [], {}


def unless_barred(work):
    """Do the work of TASK's run, unless another run has ended it."""
    if TASK["run"] in whole(BARRED).splitlines():
        return [], {"run": "another run has ended %s: nothing was changed" % TASK["run"]}
    return work()
