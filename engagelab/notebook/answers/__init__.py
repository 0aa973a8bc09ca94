"""What the exercises of the lessons ask for, computed from the data at hand: one module a lesson.

Each goes another way than the solution in the lesson where there is one, so that the two check each other.
"""
