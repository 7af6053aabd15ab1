"""What happened, as data; and how it is worded for those who read of it."""
