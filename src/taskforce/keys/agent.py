"""Talks to the agent of a store: the process that keeps its database key in memory between two commands.

An agent listens on a socket (0600) in the user's private folder, and answers this user's processes only. One request,
one answer, then the connection is closed:

=========================  =======================================================================================
request                    answer
=========================  =======================================================================================
``K`` device ``-`` inode   ``K`` and the key (32 bytes), if these are the numbers of the database that it was given
                           the key for, and that database still stands there; else nothing
``S``                      ``S`` and three numbers: the seconds left of the idle limit, the idle limit, the seconds
                           left at the most
``L``                      ``L`` and the store's folder, once the key is wiped; the process ends
=========================  =======================================================================================
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from taskforce.keys.private_folder import is_private, name_of_store, private_folders

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing at every start
if TYPE_CHECKING:
    from _socket import socket

KEY_BYTES = 32
SUFFIX = ".agent"
PATIENCE = 2.0
"""Seconds that an agent may take to answer: it does nothing else."""

_DATABASE = "store.db"
_MOST_BYTES = 8192


@dataclass(frozen=True, slots=True)
class AgentState:
    """For how long an agent keeps its key: seconds without a command, of ``idle`` in all; seconds at the most."""

    idle_left: float
    idle: float
    left: float

    @property
    def seconds(self) -> float:
        """Seconds until it ends if nothing asks it."""
        return min(self.idle_left, self.left)


def is_possible() -> bool:
    """Return whether there can be an agent on this system."""
    return os.name == "posix"


def socket_paths(folder: str | os.PathLike[str]) -> list[str]:
    """Return where agents of the store in ``folder`` may listen: what is there, in folders that can be trusted."""
    if not is_possible():
        return []
    try:
        name = name_of_store(folder) + SUFFIX
    except OSError:
        return []
    paths = [os.path.join(place, name) for place in private_folders()]
    return [path for path in paths if os.path.lexists(path) and is_private(os.path.dirname(path))]


def ask_key(folder: str | os.PathLike[str]) -> bytes | None:
    """Return the key of the store in ``folder`` if an agent has it. Whether it opens the store is to be tried."""
    for path in socket_paths(folder):
        try:
            found = os.stat(os.path.join(folder, _DATABASE))
        except OSError:
            return None
        answer = _ask(path, f"K{found.st_dev}-{found.st_ino}".encode("ascii"))
        if answer[:1] == b"K" and len(answer) == 1 + KEY_BYTES:
            return answer[1:]
    return None


def ask_state(folder: str | os.PathLike[str]) -> AgentState | None:
    """Return for how long an agent keeps the key of the store in ``folder``; None if none has it."""
    for path in socket_paths(folder):
        answer = _ask(path, b"S")
        try:
            idle_left, idle, left = (float(each) for each in answer[1:].split())
        except ValueError:
            continue
        if answer[:1] == b"S":
            return AgentState(idle_left, idle, left)
    return None


def end_agent(folder: str | os.PathLike[str]) -> bool:
    """Let the agent of the store in ``folder`` forget the key and end; False if there was none."""
    ended = [_end(path) for path in socket_paths(folder)]
    return any(one is not None for one in ended)


def end_all_agents() -> list[str]:
    """Let all of this user's agents forget their keys and end; the folders of their stores."""
    places = [place for place in private_folders() if is_private(place)] if is_possible() else []
    paths = [os.path.join(place, name) for place in places for name in sorted(os.listdir(place))]
    ended = [_end(path) for path in paths if path.endswith(SUFFIX)]
    return [folder for folder in ended if folder is not None]


def _end(path: str) -> str | None:
    """Let one agent end; one that does not answer is killed. Return its store's folder, None if nobody was there."""
    import contextlib
    import signal  # deferred: only to lock

    answer = b""
    connection = _connect(path)
    if connection is not None:
        try:
            answer = _exchange(connection, b"L")
            if answer[:1] != b"L" and (process := _peer(connection)[1]):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        finally:
            connection.close()
    with contextlib.suppress(FileNotFoundError):  # it took it away itself
        os.unlink(path)
    return None if connection is None else os.fsdecode(answer[1:])


def _ask(path: str, request: bytes) -> bytes:
    """Return the answer of the agent at ``path``, or nothing."""
    connection = _connect(path)
    if connection is None:
        return b""
    try:
        return _exchange(connection, request)
    finally:
        connection.close()


def _connect(path: str) -> socket | None:
    """Return a connection to a process of this user; None if there is nobody, or somebody else."""
    import _socket  # deferred: few commands need it; and the module socket takes ten times as long to load

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        connection.settimeout(PATIENCE)
        connection.connect(path)
        if peer_user(connection) == os.geteuid():
            return connection
    except OSError:
        pass
    connection.close()
    return None


def _exchange(connection: socket, request: bytes) -> bytes:
    import _socket  # deferred: as above

    answer = b""
    try:
        connection.sendall(request)
        connection.shutdown(_socket.SHUT_WR)
        while len(answer) < _MOST_BYTES and (more := connection.recv(_MOST_BYTES)):
            answer += more
    except OSError:
        return b""
    return answer


def peer_user(connection: socket) -> int:
    """Return the id of the user whose process is at the other end; OSError where the system does not tell."""
    return _peer(connection)[0]


def _peer(connection: socket) -> tuple[int, int]:
    """Return user and process at the other end; 0 for a process that the system does not tell."""
    import _socket  # deferred: as above

    if hasattr(_socket, "SO_PEERCRED"):  # Linux: struct ucred
        found = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)
        process, user = (int.from_bytes(found[at : at + 4], sys.byteorder) for at in (0, 4))
        return user, process
    import ctypes  # deferred: where the system's own call has to be made

    user_id, group_id = ctypes.c_uint(), ctypes.c_uint()
    try:
        library = ctypes.CDLL(None, use_errno=True)
        failed = library.getpeereid(connection.fileno(), ctypes.byref(user_id), ctypes.byref(group_id))
    except AttributeError:
        failed = -1
    if failed:
        raise OSError("the other end's user is not known")
    return user_id.value, 0
