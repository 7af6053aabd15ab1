"""What the server of the journeys is told of another account, and of a role of its own account."""

OTHER = {
    "account": "111111111111",
    "access_key": "AKIAOTHER00000000000",
    "secret_key": "other-secret",
}
ROLE = "arn:aws:iam::000000000000:role/analysts"
"""It may read the bucket `readable`, write to `writable`, and nothing else."""

_ENTRIES = "".join(f'{name} = "{value}"\n' for name, value in OTHER.items())

DECLARED = f"""[[accounts]]
{_ENTRIES}
[[roles]]
arn = "{ROLE}"
read = ["readable"]
write = ["writable"]
"""
"""Sections of the configuration file."""
