"""What a lab device can never reach, whatever its programs are: the power and the first process of the host.

A filter of the kernel (seccomp, by libseccomp, which apt and systemd bring along) is put on the lab's process, and all
that it starts has it, too: `reboot(2)`, `kexec` and every signal to process 1 or to all processes are refused.
"""

from __future__ import annotations

import ctypes
import errno
from ctypes import POINTER, c_char_p, c_int, c_uint, c_uint32, c_uint64, c_void_p

LIBRARY = "libseccomp.so.2"
REFUSED = errno.EACCES  # another word than EPERM, which the kernel itself would say
ALLOW, ERRNO = 0x7FFF0000, 0x00050000  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(n); seccomp.h
MASKED_EQUAL = 7  # SCMP_CMP_MASKED_EQ
PID = 0xFFFFFFFF  # a process id is 32 bits of its argument
INIT, ALL = 1, PID  # process 1; -1, which is every process
POWER = ("reboot", "kexec_load", "kexec_file_load")
SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open")  # their first is a process


class FenceError(Exception):
    """The filter could not be put on this process."""


class _Condition(ctypes.Structure):
    """`struct scmp_arg_cmp` of seccomp.h."""

    _fields_ = (("arg", c_uint), ("op", c_int), ("mask", c_uint64), ("value", c_uint64))


def shut() -> None:
    """Refuse to this process, and to all that it starts from now on, what ends the host; it cannot be taken back.

    Raises FenceError where that cannot be done.
    """
    try:
        library = _library()
    except OSError as error:
        raise FenceError(f"{LIBRARY} is not on this machine ({error})") from None
    rules = library.seccomp_init(ALLOW)
    if not rules:
        raise FenceError("libseccomp made no filter")
    try:
        for call in POWER:
            _refuse(library, rules, call)
        for call in SIGNALS:
            for process in (INIT, ALL):
                _refuse(library, rules, call, _Condition(0, MASKED_EQUAL, PID, process))
        if code := library.seccomp_load(rules):
            raise FenceError(f"the kernel took no filter (error {-code})")
    finally:
        library.seccomp_release(rules)


def _refuse(library: ctypes.CDLL, rules: int, call: str, *conditions: _Condition) -> None:
    number = library.seccomp_syscall_resolve_name(call.encode())
    if number < 0:
        return  # this kind of machine has no such call
    array = (_Condition * max(len(conditions), 1))(*conditions)
    if code := library.seccomp_rule_add_array(rules, ERRNO | REFUSED, number, len(conditions), array):
        raise FenceError(f"libseccomp refused the rule for {call} (error {-code})")


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype, library.seccomp_init.argtypes = c_void_p, [c_uint32]
    library.seccomp_release.restype, library.seccomp_release.argtypes = None, [c_void_p]
    library.seccomp_load.argtypes = [c_void_p]
    library.seccomp_syscall_resolve_name.argtypes = [c_char_p]
    library.seccomp_rule_add_array.argtypes = [c_void_p, c_uint32, c_int, c_uint, POINTER(_Condition)]
    return library
