"""The servers that share a store: who is there, who leads, what is taken over from one that died."""
