"""Who may see what, and why: pure functions over what the store knows; every answer carries its reason."""
