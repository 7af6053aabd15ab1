"""Who did what, to what, from where, and with which outcome: the audit log, in CloudTrail's record format."""
