"""The bodies of records in the store, version by version."""
