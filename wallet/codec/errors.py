"""Why a code or a file could not be believed."""


class CodecError(Exception):
    """Base of everything a decoder may raise, whatever it was fed."""


class Unreadable(CodecError):
    """It is not in the format at all, or not in its one canonical form."""


class KeyUnknown(CodecError):
    """Well formed, but signed with a key the reader does not hold."""

    def __init__(self, kid: bytes) -> None:
        super().__init__(f"no key {kid.hex()}")
        self.kid = kid


class Tampered(CodecError):
    """The key is known and did not sign these bytes."""


class TooLong(ValueError):
    """What is to be said does not fit into a code that readers take."""
