"""How replicas agree: clocks, edits, holdings and the merge (pure), and the files they travel in."""
