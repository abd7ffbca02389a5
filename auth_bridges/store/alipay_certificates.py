"""Certificates Alipay was found to sign with. MongoDB, majority and journal."""

from collections.abc import Mapping
from datetime import datetime

from auth_bridges.store.documents import Collection


class AlipayCertificates:
    """What one process learnt, for all of them and for after a restart; whoever reads it verifies it anew."""

    def __init__(self, certificates: Collection) -> None:
        self._certificates = certificates

    async def all(self) -> Mapping[str, str]:
        """Every certificate with its issuers, in PEM, by its serial."""
        return {document["_id"]: document["pem"] async for document in self._certificates.find()}

    async def keep(self, serial: str, pem: str, *, at: datetime) -> None:
        """Keep ``pem``; of two processes that learn it at once the later overwrites like with like."""
        kept = {"$set": {"pem": pem, "learnt_at": at}}
        await self._certificates.update_one({"_id": serial}, kept, upsert=True)
