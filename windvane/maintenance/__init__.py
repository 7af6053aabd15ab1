"""Keeping a data folder: backup, restore, check, and the import of what earlier versions wrote."""
