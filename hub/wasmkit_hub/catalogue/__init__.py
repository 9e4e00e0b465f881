"""What filters the hub has: taken from what is pushed, found by those who look."""
