"""Fetches a model's weights into a cache, and lets nothing be served that is not what was declared.

Standard library only. It runs in a container of its own; the command line imports the parts that both need.
"""
