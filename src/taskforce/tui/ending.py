"""How the room ends: what is told of a fault, which signals leave it, and what a process may never write down."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from taskforce.memory import keep_in_memory

_LEAVING = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that leave the room as its own key does: the terminal as it was, the store whole, what was typed kept."""

_TELLING = (
    "TEXTUAL",
    "TEXTUAL_DEBUG",
    "TEXTUAL_LOG",
    "TEXTUAL_PRESS",
    "TEXTUAL_SCREENSHOT",
    "TEXTUAL_SCREENSHOT_FILENAME",
    "TEXTUAL_SCREENSHOT_LOCATION",
)
"""Environment variables by which Textual writes keys, events or pictures of the screen to a file or a socket."""


def leave_nothing_behind() -> None:
    """Before Textual is loaded: nothing that it logs reaches a disk, and no memory does when the process dies."""
    for name in _TELLING:
        os.environ.pop(name, None)
    keep_in_memory()


@contextmanager
def telling_nothing() -> Iterator[None]:
    """While it lasts no part of Python writes of an exception by itself: its text may quote a record."""
    hooks = threading.excepthook, sys.unraisablehook, logging.lastResort
    threading.excepthook = lambda _what: None
    sys.unraisablehook = lambda _what: None
    logging.lastResort = None
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook, logging.lastResort = hooks


def heed_signals(leave: Callable[[], object]) -> None:
    """Let the signals that end a process call `leave` in the running loop instead."""
    loop = asyncio.get_running_loop()
    for name in _LEAVING:
        with suppress(
            AttributeError, NotImplementedError, RuntimeError, ValueError
        ):  # not there, or no main thread
            loop.add_signal_handler(getattr(signal, name), leave)
