"""How the learned parts were made, each by one command."""
