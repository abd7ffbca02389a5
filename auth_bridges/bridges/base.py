"""What every bridge to an identity provider promises."""

from typing import Protocol

from auth_bridges.models import ProviderSubject


class Bridge(Protocol):
    """A provider that names people by a one-time code."""

    @property
    def provider(self) -> str:
        """Its name, as links carry it."""

    @property
    def appid(self) -> str:
        """Our name at the provider; the same person has another subject under another."""

    async def exchange(self, code: str) -> ProviderSubject:
        """Trade ``code``, once and without retry, for who the provider says this is.

        Raises a refusal. ``ProviderUnreached`` means the code certainly did not arrive there and may
        be tried again; after any other refusal only a new code helps.
        """
