"""The mistakes of our own callers, raised at once; what peers do wrong is never raised, it is a `Refused` event."""


class WrongAnswer(ValueError):
    """An app's answer breaks HTTP: a line break in a field, a body that is not as long as it said, a second answer."""


class FileChanged(OSError):
    """A file is no longer what it was when the answer began; what is left of the answer must not be sent."""
