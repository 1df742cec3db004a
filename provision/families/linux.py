"""Kind of PC: Debian and its derivatives (such as Ubuntu and Mint), with systemd and Python 3.8 or later."""

from __future__ import annotations

from provision.core.pc_family import PcFamily

INBOX = "/var/lib/kit/inbox"

FAMILY = PcFamily(
    name="linux",
    title="Linux (Debian, Ubuntu, Mint)",
    feed="sh -c 'gzip -dc | python3 -SE -'",
    as_root="sudo -n ",
    collector="linux/collector.py",
    live="linux/senses.py",
    turn="linux/turn.py",
    baseline="linux/baseline.py",
    report="linux/report.py",
    outbox='sh -c \'read -r n a; for f in "${KIT_ROOT-}"/var/lib/kit/outbox/*.json; do m=${f##*-}; [ -e "$f" ] && '
    '[ 1${m%.json} -gt 1$a ] && cat "$f" && echo; done; echo "end $n"\'',
    program="program.py",
    feed_archive=f'sh -c \'d="${{KIT_ROOT-}}{INBOX}"; mkdir -p "$d" && tar -xf - -C "$d" && '
    'exec python3 -SE "$d/program.py"\'',
)
