"""The embedded object store: data files and an index of its own, without a network."""
