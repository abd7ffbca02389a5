"""What is personal in a stored credential: sealed for that credential, and opened only to be shown."""

from typing import Final

import msgspec

from wallet.models import Secrets, Showable
from wallet.ports import PersonalData

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Secrets).decode


def seal_secrets(secrets: Secrets, credential_id: str, personal: PersonalData) -> bytes:
    """Seal ``secrets`` for one credential; in another's record they do not open."""
    return personal.seal(_pack(secrets), credential_id.encode())


def open_secrets(credential: Showable, personal: PersonalData) -> Secrets:
    """The holder and the fields of ``credential``, in the clear."""
    return _unpack(personal.open(credential.sealed, credential.id.encode()))
