"""One file per kind, each holding one declaration named `KIND`; the registry finds them by file name."""
