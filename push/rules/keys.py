"""What an intent is called: derived from what it is about, so that meant twice it is the same one."""

from hashlib import sha256


def intent_key(rule: str, subject: str, item: str, milestone: str, addressee: str) -> str:
    """64 hex digits, the same for ever for the same five. None of the parts may hold a line feed."""
    return sha256(f"{rule}\n{subject}\n{item}\n{milestone}\n{addressee}".encode()).hexdigest()
