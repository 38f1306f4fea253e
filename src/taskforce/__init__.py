"""taskforce: joint anti-trafficking operations across agencies, in the terminal, with no network and no server."""
