"""What can go wrong on the laptop, said so that it can be mended."""

from typing import Final

IN_CONTAINERS: Final = "docker compose -f docker/compose.yaml --profile sandbox up --build sandbox"
"""How to have the city where its servers do not run."""


class SandboxError(Exception):
    """Something outside us is missing or in the way; the text names the mend, in both languages."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en


class EngineMissing(SandboxError):
    """No server program for this machine, or one that cannot be loaded."""


class EngineFailed(SandboxError):
    """A server program started and did not become ready."""


class DataInUse(SandboxError):
    """Another city, or what is left of one, is using this data directory."""


class PortTaken(SandboxError):
    """Somebody else listens where we were told to."""
