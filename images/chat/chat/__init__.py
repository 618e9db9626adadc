"""A chat page for people of one tenant: Chainlit in front of the gateway."""
