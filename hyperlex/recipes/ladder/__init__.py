"""Making the learned data of the ladder."""
