"""Puts a file of requests in the format of OpenAI's batch API to an OpenAI-compatible gateway."""
