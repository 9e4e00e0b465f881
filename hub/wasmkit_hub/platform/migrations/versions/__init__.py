"""Steps from one state of the tables to the next; what is released is never changed."""
