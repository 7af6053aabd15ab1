"""The engine measured against its own last figures and against other AutoML systems."""
