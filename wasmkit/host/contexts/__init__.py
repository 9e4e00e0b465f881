"""What the guest may see and do on each kind of context, in each phase."""
