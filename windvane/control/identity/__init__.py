"""Identity: users, roles, policies, and whether a caller may do what it asks for."""
