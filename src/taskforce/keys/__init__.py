"""Device and agency identity, signatures, sealing, key slots, fingerprint words. Who said it, and who may open it."""
