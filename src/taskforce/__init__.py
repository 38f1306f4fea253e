"""taskforce: run joint anti-trafficking operations across agencies, from the terminal, with no network and no server."""
