"""Weights of small models that a local centre serves: real ones, from packages that anybody can fetch."""
