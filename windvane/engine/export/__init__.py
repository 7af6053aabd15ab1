"""Models for use elsewhere: a scoring script that needs NumPy alone."""
