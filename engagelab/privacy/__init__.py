"""What keeps people out of the numbers: keyed pseudonyms and small-cell suppression."""
