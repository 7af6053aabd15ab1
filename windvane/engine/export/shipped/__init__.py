"""Modules that go with an exported model. Within it the package `windvane` is called `model_code`, here too."""
