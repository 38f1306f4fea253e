"""The operations room: a full-screen terminal UI over the same actions as the command line."""
