"""The demo: Operation Storm Makers II told with the real program, three stores and no network."""
