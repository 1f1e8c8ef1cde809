"""Adapters to other libraries, one module each; a module imports its library when it is imported."""
