"""What any kind of ObjectStore owes, by subject; objects_contract.py puts the laws together."""
