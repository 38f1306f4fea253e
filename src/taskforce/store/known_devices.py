"""Single devices among those that are known: by their id, and what people here call them."""

from __future__ import annotations

from taskforce.store.connection import Connection
from taskforce.store.exchange import KnownDevice, devices


def find_device(connection: Connection, device: str) -> KnownDevice | None:
    """The known device with this id, or None."""
    return next((one for one in devices(connection) if one.id == device), None)


def set_device_label(connection: Connection, device: str, label: str) -> None:
    """Note what people here call a device."""
    connection.execute("UPDATE device SET label = ? WHERE id = ?", (label, device))


def device_labels(connection: Connection) -> dict[str, str]:
    """What people here call devices."""
    return dict(connection.execute("SELECT id, label FROM device WHERE label <> ''"))
