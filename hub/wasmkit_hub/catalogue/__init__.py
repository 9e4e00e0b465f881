"""What filters the hub has: the list that is searched, and the versions of each."""
