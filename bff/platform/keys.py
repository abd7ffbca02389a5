"""Signing keys as files, rotated without a restart.

A ring is a directory of ``<name>.pem`` files (P-256, PKCS#8, not encrypted) and a file ``current``
that holds the name of the one to sign with. Every key in it is published and accepted:

    new key      put a file in; wait until everyone has fetched the published set
    rotate       write ``current`` aside and rename it over the old one: whole or not at all; ``signed`` lists
                 the keys that were current before, for ``keys list`` alone
    retire       remove the file once nothing signed with it lives any more
    emergency    ``use`` another, then ``drop`` it; what it signed is refused from the next look on. Its
                 public half stays as ``<kid>.dropped``, to tell what it signed from what was forged

A process looks every two seconds (``watch``), never inside a request. What cannot be read leaves the
ring as it was: a half-copied file must not sign everybody out. ``doctor`` and the log say so.
"""

import asyncio
import logging
import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from miniapp_schemas.keys import JsonWebKey, JsonWebKeySet

_log: Final = logging.getLogger(__name__)
_CURRENT: Final = "current"
_SIGNED: Final = "signed"
_DROPPED: Final = ".dropped"
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
_EVERY_SECONDS: Final = 2.0
_TRIES: Final = 10


class KeyRingProblem(Exception):
    """A ring or another folder of keys cannot be used, said in both languages for ``doctor``."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class RingKey:
    """One key of a ring. ``kid`` is its RFC 7638 thumbprint, ``name`` the file it came from."""

    __slots__ = ("jwk", "kid", "name", "private", "public", "thumbprint")

    def __init__(self, name: str, private: ec.EllipticCurvePrivateKey) -> None:
        self.name = name
        self.private = private
        self.public = private.public_key()
        point = self.public.public_numbers()
        x, y = _base64url(point.x.to_bytes(32)), _base64url(point.y.to_bytes(32))
        # RFC 7638 §3: the required members only, in this order, without a space.
        self.thumbprint = sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()
        self.kid = _base64url(self.thumbprint)
        self.jwk = JsonWebKey(x=x, y=y, kid=self.kid)


class KeyRole(StrEnum):
    """What a key of a ring is there for."""

    CURRENT = "current"
    NEXT = "next"
    """Published, and did not sign yet."""
    PREVIOUS = "previous"
    """Signs no more; what it signed is still accepted."""


class _Contents(Struct, frozen=True, kw_only=True):
    """A ring as it was read once: swapped whole, so that a reader never sees half of two."""

    mark: tuple[tuple[str, int, int, int], ...]
    current: RingKey
    by_kid: Mapping[str, RingKey]


class KeyRing:
    """The keys of one directory. Reads nothing inside a request."""

    def __init__(self, directory: Path) -> None:
        """Read ``directory``, or raise ``KeyRingProblem``."""
        self._directory = directory
        self._contents = _read(directory)
        self.generation = 0
        """Rises with every change; what was derived from another generation is out of date."""
        self.problem: KeyRingProblem | None = None
        """Why the latest change was not taken over, if it was not."""

    def signing(self) -> RingKey:
        """The key to sign with now."""
        return self._contents.current

    def keys(self) -> Mapping[str, RingKey]:
        """Every accepted key, by ``kid``."""
        return self._contents.by_kid

    def role(self, key: RingKey) -> KeyRole:
        """What ``key`` is there for; reads which ones signed before."""
        if key.kid == self._contents.current.kid:
            return KeyRole.CURRENT
        return KeyRole.PREVIOUS if key.name in _signed(self._directory) else KeyRole.NEXT

    def verifying(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        """The accepted public key named ``kid``."""
        key = self._contents.by_kid.get(kid)
        return None if key is None else key.public

    def dropped(self, kid: str) -> ec.EllipticCurvePublicKey | None:
        """The public key named ``kid`` that was taken out by ``drop``; reads the directory."""
        file = next((file for file in self._directory.glob(f"*{_DROPPED}") if file.stem == kid), None)
        if file is None:
            return None
        try:
            key = serialization.load_pem_public_key(file.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm):
            return None
        return key if isinstance(key, ec.EllipticCurvePublicKey) else None

    def published(self) -> JsonWebKeySet:
        """The public keys, the signing one first."""
        current = self._contents.current
        others = [key.jwk for kid, key in sorted(self._contents.by_kid.items()) if kid != current.kid]
        return JsonWebKeySet(keys=[current.jwk, *others])

    def refresh(self) -> bool:
        """Read the directory again if it changed; True if the ring did. Blocks for a few stats."""
        try:
            if _mark(self._directory) == self._contents.mark:
                self.problem = None
                return False
            contents = _read(self._directory)
        except KeyRingProblem as problem:
            if self.problem is None or self.problem.en != problem.en:
                _log.error("key ring not reloaded, the old keys stay in use: %s", problem.en)
            self.problem = problem
            return False
        self._contents = contents
        self.generation += 1
        self.problem = None
        _log.info("key ring reloaded: %d keys, signing with %s", len(contents.by_kid), contents.current.name)
        return True

    async def watch(self, every: float = _EVERY_SECONDS) -> None:
        """Refresh for ever, off the loop's thread; cancel to stop."""
        while True:
            await asyncio.sleep(every)
            await asyncio.to_thread(self.refresh)


def create(directory: Path, name: str) -> RingKey:
    """Put a new key into ``directory``; the first one there becomes the signing key."""
    _check_name(name)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = directory / f"{name}.pem"
    if path.exists():
        raise KeyRingProblem(f"密钥 {name} 已存在", f"there is already a key {name}")
    _write(path, pem)
    if not (directory / _CURRENT).exists():
        use(directory, name)
    return RingKey(name, private)


def use(directory: Path, name: str) -> None:
    """Sign with ``name`` from now on."""
    _check_name(name)
    _load(directory / f"{name}.pem")
    if (directory / _CURRENT).exists():
        _note_signed(directory, _signed(directory) | {_current(directory)})
    _write(directory / _CURRENT, f"{name}\n".encode())


def age(directory: Path, name: str, *, now: float) -> float:
    """For how many seconds ``name`` has been in the ring, as far as its file tells."""
    return max(0.0, now - (directory / f"{name}.pem").stat().st_mtime)


def drop(directory: Path, name: str) -> None:
    """Take ``name`` out: what it signed is refused from the next look on. Not the key that signs now."""
    _check_name(name)
    path = directory / f"{name}.pem"
    if not path.exists():
        raise KeyRingProblem(f"没有密钥 {name}", f"there is no key {name}")
    if _read(directory).current.name == name:
        raise KeyRingProblem(
            f"{name} 正在使用，请先启用另一把密钥", f"{name} is the one in use: use another first"
        )
    gone = _load(path)
    pem = gone.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(directory / f"{gone.kid}{_DROPPED}", pem)
    path.unlink()
    # Another of that name has signed nothing.
    _note_signed(directory, _signed(directory) - {name})


def rotate(directory: Path, name: str) -> RingKey:
    """Put in a new key and sign with it at once. Others that cache the set may lag: see above."""
    key = create(directory, name)
    use(directory, name)
    return key


def _write(path: Path, content: bytes) -> None:
    """Write aside and rename: a watcher sees the old file or the new one, never a part."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise KeyRingProblem(
            "密钥名只能含字母、数字、点、横线和下划线",
            "a key's name has letters, digits, dots, dashes and underscores",
        )


def _mark(directory: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What the directory looks like from outside; changes whenever a file in it does."""
    try:
        with os.scandir(directory) as entries:
            return tuple(
                sorted(
                    (entry.name, status.st_mtime_ns, status.st_size, status.st_ino)
                    for entry in entries
                    if (entry.name == _CURRENT or entry.name.endswith(".pem"))
                    and not entry.name.startswith(".")
                    for status in (entry.stat(),)
                )
            )
    except OSError as error:
        raise KeyRingProblem(
            f"密钥目录读不出（{type(error).__name__}）",
            f"the key directory cannot be read ({type(error).__name__})",
        ) from None


def _read(directory: Path) -> _Contents:
    """The ring as it stood at one moment: read again if anything changed in the meantime."""
    for _ in range(_TRIES):
        mark = _mark(directory)
        try:
            contents = _read_files(directory, mark)
        except KeyRingProblem:
            # A rotation between our two looks makes ``current`` name a key we had not seen.
            if _mark(directory) == mark:
                raise
        else:
            if _mark(directory) == mark:
                return contents
    raise KeyRingProblem("密钥目录一直在变化", "the key directory does not stop changing")


def _read_files(directory: Path, mark: tuple[tuple[str, int, int, int], ...]) -> _Contents:
    names = [name.removesuffix(".pem") for name, *_ in mark if name != _CURRENT]
    if not names:
        raise KeyRingProblem("密钥目录中没有 .pem 文件", "there is no .pem file in the key directory")
    keys = {key.name: key for key in (_load(directory / f"{name}.pem") for name in names)}
    current = _current(directory)
    if current not in keys:
        raise KeyRingProblem("current 指向的密钥不存在", "`current` names a key that is not there")
    return _Contents(mark=mark, current=keys[current], by_kid={key.kid: key for key in keys.values()})


def _current(directory: Path) -> str:
    try:
        return (directory / _CURRENT).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise KeyRingProblem("缺少 current 文件", "the file `current` is missing or not text") from None


def _signed(directory: Path) -> frozenset[str]:
    """The keys that were in use before; a ring that was never changed from here knows of none."""
    try:
        return frozenset((directory / _SIGNED).read_text("ascii").split())
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError):
        raise KeyRingProblem("signed 文件读不出", "the file `signed` cannot be read") from None


def _note_signed(directory: Path, names: frozenset[str]) -> None:
    _write(directory / _SIGNED, "".join(f"{name}\n" for name in sorted(names)).encode())


def _load(path: Path) -> RingKey:
    try:
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyRingProblem(
            f"{path.name} 读不出或不是私钥（{type(error).__name__}）",
            f"{path.name} cannot be read as a private key ({type(error).__name__})",
        ) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise KeyRingProblem(f"{path.name} 不是 P-256 密钥", f"{path.name} is not a P-256 key")
    return RingKey(path.stem, private)


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
