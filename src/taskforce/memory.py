"""What is in this process's memory stays there: keys and what records say are in it once a store is opened."""

from __future__ import annotations

from contextlib import suppress

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from typing import Any

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>

_is_kept = False


def keep_in_memory() -> None:
    """Let no memory of this process reach a disk when it dies, nor another program of the same user.

    No core is written (a limit of 0, on every Unix). On Linux the process is not dumpable either: then a program that
    the system pipes cores into gets none, and no debugger of the same user may look in (prctl(2), ptrace(2)). Where
    the platform has none of this, or forbids it, nothing happens. It is done once; a program that is started from here
    has the limit, but can be looked into again.
    """
    global _is_kept
    if _is_kept:
        return
    _is_kept = True
    with suppress(ImportError, OSError, ValueError):
        import resource  # deferred: of Unix only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ImportError, AttributeError, OSError):
        # deferred: of Linux only, and ctypes as a whole takes four times as long to load
        import _ctypes

        own: Any = None  # what this process is made of, libc included; the stubs know only of names
        prctl = _ctypes.dlsym(_ctypes.dlopen(own, 0), "prctl")
        _ctypes.call_function(prctl, (_PR_SET_DUMPABLE, 0, 0, 0, 0))
