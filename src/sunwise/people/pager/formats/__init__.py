"""What senders say, in their own formats, as signals. What is malformed is refused whole.

Long texts are cut, never refused: an alert must not be lost for the length of a label.
"""
