"""What an image really is: measured from its module's bytes, beside what its author says of it."""
