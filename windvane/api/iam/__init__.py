"""IAM: users, roles, policies and access keys."""
