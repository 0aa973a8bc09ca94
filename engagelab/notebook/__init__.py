"""What notebooks share: setup, sentences printed by code, execution, the tags on their cells."""
