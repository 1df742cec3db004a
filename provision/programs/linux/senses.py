"""Measure what a PC hears and sees: a chord through the speaker, recorded by the microphone, and two pictures.

Sent between the collector, whose functions it uses, and the baseline. It measures; the office judges. Windows are
0.5 s long and tones on bin centres, 2 Hz apart; no product up to the third order and no mains harmonic falls on
another tone.
"""

import array
import math
import threading
import time

RATE, WINDOW = 48000, 24000
TONES, OFF_TONES = (840, 1166, 1590), (620, 1026, 2118)
AMPLITUDE, SILENCE_S, LEAD_S, CHORD_S, TAIL_S = 0.1, 1.0, 0.5, 2.0, 0.6
FLOOR_DB = -240.0  # of digital silence
DEADLINE_S = 20.0
COARSE, TEMPLATE, REACH = 6, 200, 4000  # of the correlation: every 6th sample, 25 ms of chord, half a second
WIDTH, HEIGHT, WARM_UP = 640, 480, 30  # pictures to skip: exposure takes a second or two
FRAME = WIDTH * HEIGHT * 2


def chord():
    """Return LEAD_S of silence and CHORD_S of the three tones as signed 16-bit samples at RATE."""
    turns = [2 * math.pi * tone / RATE for tone in TONES]
    wave = [int(32767 * AMPLITUDE * sum(math.sin(turn * n) for turn in turns)) for n in range(WINDOW)]
    return array.array("h", [0] * int(RATE * LEAD_S) + wave * int(CHORD_S * RATE / WINDOW))


def decibel(power):
    """Return a power in dB, to a tenth; 1.0 is 0 dB, and digital silence is FLOOR_DB."""
    return round(10 * math.log10(power), 1) if power > 1e-24 else FLOOR_DB


def tone_db(samples, tone):
    """Return the strength of one tone in a window in dB (Goertzel); a sine of full scale is 0 dB."""
    turn = 2 * math.cos(2 * math.pi * tone / RATE)
    one = two = 0.0
    for sample in samples:
        one, two = sample + turn * one - two, one
    return decibel(4 * (one * one + two * two - turn * one * two) / len(samples) ** 2)


def loudness(samples):
    """Return the mean square of samples; 1.0 is full scale."""
    return sum(s * s for s in samples) / max(len(samples), 1)


def loudest(samples, start):
    """Return the index at which the loudest window from `start` on begins, in steps of a fifth of a window."""
    step = WINDOW // 5
    blocks = [loudness(samples[at : at + step]) for at in range(start, len(samples) - step, step)]
    sums = [sum(blocks[n : n + 5]) for n in range(max(len(blocks) - 4, 1))]
    return start + step * sums.index(max(sums))


def delay_ms(samples, due):
    """Return how many ms after sample `due` the chord begins in the recording, by cross-correlation, or None.

    None means that it was not found within half a second.
    """
    wanted = chord()[int(RATE * LEAD_S) :: COARSE][:TEMPLATE]
    heard = samples[due::COARSE][: REACH + TEMPLATE]
    best, first = 0.0, None
    for lag in range(len(heard) - TEMPLATE):
        likeness = abs(sum(a * b for a, b in zip(wanted, heard[lag : lag + TEMPLATE])))
        if likeness > best * 1.05:  # the chord repeats: its first beginning counts
            best, first = likeness, lag
    return None if first is None else round(1000.0 * first * COARSE / RATE)


def measure(raw, played_at):
    """Return levels of tones, recording and silence in dB, clipped samples, delay in ms and length in s of a recording.

    The recording is raw 16-bit samples; `played_at` is the sample at which the player was started.
    """
    whole = array.array("h")
    whole.frombytes(raw[: len(raw) // 2 * 2])
    samples = [s / 32768.0 for s in whole]
    at = loudest(samples, min(played_at, max(len(samples) - WINDOW, 0)))
    window = samples[at : at + WINDOW]
    quiet = samples[: min(played_at, int(RATE * SILENCE_S))]
    return {
        "tones_db": [tone_db(window, tone) for tone in TONES],
        "off_db": max(tone_db(window, tone) for tone in OFF_TONES),
        "rms_db": decibel(loudness(window)),
        "noise_db": decibel(loudness(quiet)),
        "clipped": sum(1 for s in whole if s >= 32767 or s <= -32768),
        "delay_ms": delay_ms(samples, played_at + int(RATE * LEAD_S)),
        "seconds": round(len(samples) / RATE, 1),
    }


def start(here, *argv):
    """Start a command with the desktop's user id (if root) and environment, and return its process.

    `here` is what `desktop` returned. Raises OSError if it cannot be started.
    """
    user, env = here
    own = os.getuid() == 0 and user != 0
    return subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ, LC_ALL="C.UTF-8", **env),
        preexec_fn=(lambda: os.setuid(user)) if own else None,
    )


RAW = ("--raw", "--format=s16le", "--rate=%d" % RATE, "--channels=1", "--latency-msec=50")


def hearing():
    """Play the chord and record it through the default devices. Returns what `measure` does, or `busy` or `failed`.

    `busy` names the programs that record now; `failed` says why there are no numbers.
    """
    here = desktop()
    if here is None:
        return {"failed": "nobody is logged in at its desktop: no sound server"}
    source = (sound() or {}).get("capture") or [{"monitor": True}]
    if source[0]["monitor"]:
        return {"failed": "there is no microphone: the default one is what the PC itself plays"}
    busy = [o.get("properties", {}).get("application.name") for o in pactl("list", "source-outputs") or []]
    if any(busy):  # what belongs to a module of the server has no name
        return {"busy": sorted({b for b in busy if b})}
    try:
        record = start(here, "parec", *RAW)
    except OSError as error:
        return {"failed": "parec: %s" % error.strerror}
    recorded = bytearray()
    reader = threading.Thread(target=collect_samples, args=(record, recorded))
    reader.daemon = True
    reader.start()
    try:
        return play_and_measure(here, record, recorded)
    except (OSError, subprocess.SubprocessError) as error:
        return {"failed": "paplay: %s" % error}
    finally:
        record.kill()
        record.wait()
        reader.join(2)


def collect_samples(record, recorded):
    """Add what the recorder prints to `recorded`, until it ends."""
    while True:
        piece = record.stdout.read1(9600)
        if not piece:
            return
        recorded.extend(piece)


def play_and_measure(here, record, recorded):
    """Record silence, play the chord, record the tail. Returns what `measure` does, or `failed` with the reason.

    Raises OSError or SubprocessError if the player cannot be started or does not end.
    """
    deadline = time.monotonic() + DEADLINE_S
    if not wait(recorded, int(SILENCE_S * RATE) * 2, record, deadline):
        return {"failed": "the microphone gives nothing: %s" % (complaint(record) or "no samples in time")}
    at = len(recorded) // 2
    play = start(here, "paplay", *RAW)
    try:
        play.communicate(chord().tobytes(), timeout=DEADLINE_S)
    finally:
        play.kill()
    if play.returncode:
        return {"failed": "the speaker takes nothing"}
    wait(recorded, (at + int((LEAD_S + CHORD_S + TAIL_S) * RATE)) * 2, record, deadline)
    return measure(bytes(recorded), at)


def wait(recorded, size, record, deadline):
    """Return True once `size` bytes are recorded, or False if the recorder ends or the deadline passes first."""
    while len(recorded) < size:
        if record.poll() is not None or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def complaint(record):
    """Return the last error line of a recorder that ended; an empty text if it still runs or wrote none."""
    if record.poll() is None:
        return ""
    lines = record.stderr.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:160] if lines else ""


def sight():
    """Take two pictures with the first camera. Returns the camera, brightness, variance, and whether both are the same.

    Returns `busy` with the programs that hold a camera, or `failed` with the reason, if there are no pictures.
    """
    held = holders()
    if held:
        return {"busy": held}
    camera = next(iter(cameras()), None)
    if camera is None:
        return {"failed": "no camera"}
    why = "no picture"
    for node in camera["nodes"]:
        try:
            done = subprocess.run(
                [
                    "v4l2-ctl",
                    "-d",
                    "/dev/" + node,
                    "--set-fmt-video=width=%d,height=%d,pixelformat=YUYV" % (WIDTH, HEIGHT),
                    "--stream-mmap",
                    "--stream-skip=%d" % WARM_UP,
                    "--stream-count=2",
                    "--stream-to=-",
                ],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                timeout=DEADLINE_S,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return {"failed": "v4l2-ctl: %s" % (getattr(error, "strerror", None) or "no picture in time")}
        if not done.returncode and len(done.stdout) == 2 * FRAME:
            return dict(numbers(done.stdout), camera=camera["name"], usb=camera["usb"])
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = lines[-1][:160] if lines else "%d bytes are no two pictures" % len(done.stdout)
    return {"failed": why}


def numbers(frames):
    """Return brightness and variance of the first of two YUYV pictures, and whether both are the same to the bit.

    In YUYV every other byte is brightness.
    """
    luma = frames[0:FRAME:2]
    mean = sum(luma) / len(luma)
    return {
        "luma": round(mean, 1),
        "variance": round(sum(v * v for v in luma) / len(luma) - mean * mean, 1),
        "equal": frames[:FRAME] == frames[FRAME:],
    }


SENSES.update(hearing=hearing, sight=sight)
