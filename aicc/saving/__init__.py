"""A simulated week of a planned centre: what each way of using less would save in it, and what it would delay."""
