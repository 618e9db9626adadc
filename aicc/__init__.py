"""The command line of the AI compute centre: plan, render, up, status, down, doctor."""
