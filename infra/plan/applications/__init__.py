"""The declared applications as they will be built."""
