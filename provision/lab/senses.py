"""Emulated pactl, parec, paplay and v4l2-ctl of a lab PC, each following the PC's faults.

Run as `python senses.py COMMAND …` with KIT_ROOT set; what is played lies in a file until the recorder takes it, so
that no measurement depends on how busy the machine is.
"""

import array
import json
import os
import sys
import time

ROOT = os.environ["KIT_ROOT"]
AIR = ROOT + "/lab/air"
SECOND = 96000  # bytes: 48 kHz, 16 bit, mono
LATE_BYTES, AIR_BYTES = SECOND * 2 // 5, SECOND // 25  # an echo of 400 ms, and the usual 40 ms
GAIN = {"quiet": 0.03, "clipped": 30.0, "muted": 0.0, "mic-muted": 0.0, "default": 0.0, "near": 0.15}
CARDS = {"playback": ("sink", "2", "alsa_output.usb-kit"), "capture": ("source", "1", "alsa_input.usb-kit")}
WIDTH, HEIGHT = 640, 480


def fault(name: str) -> str:
    """Return the value of the fault `sound` or `camera`, or an empty string if it is not set."""
    try:
        with open(ROOT + "/lab/" + name) as file:
            return file.read().strip()
    except OSError:
        return ""


def pactl(words: list[str]) -> None:
    """Print the sound server's defaults, recording programs, sinks or sources as JSON, as the fault `sound` has them.

    Exit with status 1 if the fault is `dead`.
    """
    wrong = fault("sound")
    if wrong == "dead":
        sys.stderr.write("Connection failure: Connection refused\n")
        sys.exit(1)
    hdmi = wrong == "default"
    said: object
    if "info" in words:
        said = {
            "default_sink_name": "alsa_output.hdmi" if hdmi else CARDS["playback"][2],
            "default_source_name": CARDS["capture"][2],
        }
    elif "source-outputs" in words:
        said = [{"properties": {"application.name": "zoom"}}] if wrong == "busy" else []
    else:
        side = "playback" if "sinks" in words else "capture"
        _, card, name = CARDS[side]
        muted = wrong == {"playback": "muted", "capture": "mic-muted"}[side]
        said = [
            {
                "name": "alsa_output.hdmi" if hdmi and side == "playback" else name,
                "mute": muted,
                "description": "(null)",
                "volume": {"mono": {"value_percent": f"{10 if wrong == 'quiet' and side == 'playback' else 80}%"}},
                "properties": {"alsa.card": "0" if hdmi and side == "playback" else card, "device.class": "sound"},
            }
        ]
    sys.stdout.write(json.dumps(said) + "\n")


def plugged(stream: str) -> bool:
    """Whether the card of a direction is there: `p` is what plays, `c` what records."""
    number = {side: card for side, card, _ in CARDS.values()}[{"p": "sink", "c": "source"}[stream]]
    return os.path.exists(f"{ROOT}/sys/class/sound/pcmC{number}D0{stream}")


def paplay(_: list[str]) -> None:
    """Write the samples from standard input to the file AIR, delayed and scaled as the fault `sound` has it."""
    wrong = fault("sound")
    if not plugged("p"):
        sys.exit("Failed to open stream: No such entity")
    gain = GAIN.get(wrong, 0.6)
    heard = array.array("h", sys.stdin.buffer.read())
    loud = array.array("h", [max(-32768, min(32767, int(s * gain))) for s in heard])
    with open(AIR + ".new", "wb") as file:
        file.write(bytes(LATE_BYTES if wrong == "late" else AIR_BYTES) + loud.tobytes())
    os.replace(AIR + ".new", AIR)


def parec(_: list[str]) -> None:
    """Write a recording to standard output: a second of silence, the file AIR, then silence until it is ended.

    It waits up to 10 s for the file, and deletes it.
    """
    if not plugged("c"):
        sys.exit("Failed to open stream: No such entity")
    out = sys.stdout.buffer
    out.write(bytes(SECOND))
    out.flush()
    deadline = time.monotonic() + 10
    while not os.path.exists(AIR) and time.monotonic() < deadline:
        time.sleep(0.01)
    if os.path.exists(AIR):
        with open(AIR, "rb") as file:
            out.write(file.read())
        os.unlink(AIR)
    while True:
        out.write(bytes(SECOND // 10))
        out.flush()
        time.sleep(0.02)


def v4l2(_: list[str]) -> None:
    """Write two pictures in YUYV to standard output, as the fault `camera` has them."""
    wrong = fault("camera")
    level = {"black": 2, "white": 252}.get(wrong)
    for number in range(2):
        step = 0 if wrong == "frozen" else number
        row = bytes(
            value
            for x in range(WIDTH)
            for value in ((level if level is not None else 120 if wrong == "flat" else (40 + x // 4 + step) % 256), 128)
        )
        sys.stdout.buffer.write(row * HEIGHT)


if __name__ == "__main__":
    if sys.argv[2:3] == ["--fault"]:  # what the lab asks, to see that this command runs and knows its fault
        sys.stdout.write(fault(sys.argv[3]) + "\n")
        sys.exit()
    {"pactl": pactl, "paplay": paplay, "parec": parec, "v4l2-ctl": v4l2}[sys.argv[1]](sys.argv[2:])
