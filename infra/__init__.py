"""The Pulumi program: one declared centre, built on any of several clouds."""
