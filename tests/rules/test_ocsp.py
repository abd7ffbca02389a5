"""What an authority answers about one certificate: what counts, and OpenSSL as a judge of both sides."""

import subprocess
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from aiohttp import ClientSession
from cryptography.x509 import ocsp

from auth_bridges.codec.certificates import Certificate
from auth_bridges.codec.ocsp import NotAnswered, Question
from auth_bridges.refusals import CertificateRevoked, CertificateUnknownToIssuer
from bff.sandbox.authority import Authority, Holder, Kind, pem_of
from bff.sandbox.simulator import simulated, simulated_in_thread

NOW: Final = datetime(2026, 3, 1, 8, tzinfo=UTC)
NONCE: Final = bytes(range(32))
KINDS: Final = pytest.mark.parametrize("kind", list(Kind))


class World:
    """An authority of one kind, asked without a wire."""

    def __init__(self, kind: Kind) -> None:
        self.authority = Authority(now=lambda: NOW)
        self.hierarchy = self.authority.found(kind, "http://authority.example.org", answers=True)
        self.issuing = Certificate(self.hierarchy.issuing.certificate)
        self.leaf = self.issue()

    def issue(self, **how: Any) -> Holder:  # noqa: ANN401 - as `issue` takes it
        told = {"uscc": None, "organisation": "江边旅馆", "representative": None, "answers": True} | how
        return self.authority.issue(self.hierarchy, **told)

    def question(self, leaf: Holder | None = None, *, nonce: bytes = NONCE) -> Question:
        return Question(Certificate((leaf or self.leaf).certificate), self.issuing, nonce=nonce)

    def answer(self, question: Question) -> bytes:
        asked = ocsp.load_der_ocsp_request(question.der)
        return self.authority._answered(asked, self.hierarchy, self.hierarchy.issuing)


@pytest.fixture(scope="module", params=list(Kind))
def world(request: pytest.FixtureRequest) -> World:
    return World(request.param)


def test_an_answer_says_what_the_authority_knows(world: World) -> None:
    question = world.question()
    good = question.read(world.answer(question), at=NOW)
    good.check()
    assert good.responder is not None
    assert good.responder.is_not_looked_up
    world.authority.revoke(world.leaf.serial)
    with pytest.raises(CertificateRevoked):
        question.read(world.answer(question), at=NOW).check()
    world.authority.revoke(world.leaf.serial, revoked=False)
    stranger = world.issue()
    world.authority.forget(stranger.serial)
    asked = world.question(stranger)
    with pytest.raises(CertificateUnknownToIssuer):
        asked.read(world.answer(asked), at=NOW).check()


def test_an_answer_counts_for_its_certificate_its_question_and_its_time_only(world: World) -> None:
    question = world.question()
    answer = world.answer(question)
    for asked, at, why in [
        (world.question(world.issue()), NOW, "of another certificate"),
        (world.question(nonce=bytes(32)), NOW, "the answer to another question"),
        (question, NOW + timedelta(days=1), "stale"),
        (question, NOW - timedelta(hours=1), "of the future"),
        (question, NOW - timedelta(days=31), "not signed by who may"),
    ]:
        with pytest.raises(NotAnswered, match=why):
            asked.read(answer, at=at)


def test_an_answer_of_another_authority_of_the_same_name_is_none(world: World) -> None:
    question = world.question()
    with pytest.raises(NotAnswered, match="not signed by who may"):
        question.read(World(world.hierarchy.kind).answer(question), at=NOW)


def test_whatever_is_cut_off_or_changed_is_no_answer(world: World) -> None:
    question = world.question()
    answer = world.answer(question)
    for length in range(0, len(answer), 11):
        with pytest.raises(NotAnswered):
            question.read(answer[:length], at=NOW)
    changed = answer.replace(NONCE, bytes(32), 1)
    with pytest.raises(NotAnswered, match="not signed by who may"):
        question.read(changed, at=NOW)


def test_only_whom_the_issuer_lets_may_answer_in_its_stead(world: World) -> None:
    assert Certificate(world.hierarchy.responder.certificate).may_sign_answers()
    for other in (world.leaf, world.hierarchy.issuing, world.hierarchy.root):
        assert not Certificate(other.certificate).may_sign_answers()


def test_openssl_understands_the_authority(tmp_path: Path) -> None:
    authority = Authority()
    with simulated_in_thread(authority) as simulator:
        hierarchy = authority.found(Kind.RSA, simulator.url)
        card = authority.issue(hierarchy, uscc=None, organisation="江边旅馆", representative=None)
        for name, der in [
            ("root", hierarchy.root.certificate),
            ("issuing", hierarchy.issuing.certificate),
            ("card", card.certificate),
        ]:
            (tmp_path / name).write_bytes(pem_of(der))

        def asked() -> str:
            command = ["openssl", "ocsp", "-CAfile", "root", "-issuer", "issuing", "-cert", "card"]
            url = f"{simulator.url}/ca/rsa/issuing.ocsp"
            done = subprocess.run(
                [*command, "-url", url], cwd=tmp_path, capture_output=True, check=True, text=True
            )
            return done.stdout + done.stderr

        told = asked()
        assert "Response verify OK" in told
        assert "card: good" in told
        authority.revoke(card.serial)
        assert "card: revoked" in asked()


def test_we_understand_openssl(tmp_path: Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, check=True)

    def new(name: str, subject: str, *how: str) -> None:
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-keyout", f"{name}.key", *how)

    new("ca", "/O=Authority", "-x509", "-out", "ca.pem", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    new("a", "/O=Somebody", "-out", "a.csr")
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "4660")
    openssl("x509", "-req", "-in", "a.csr", *authority, "-out", "a.pem")
    leaf, issuer = (Certificate(_der(tmp_path / name, openssl)) for name in ("a.pem", "ca.pem"))
    question = Question(leaf, issuer, nonce=NONCE)
    (tmp_path / "question").write_bytes(question.der)
    for status, line in (
        ("good", "V\t360101000000Z\t\t1234\tunknown\t/O=Somebody\n"),
        ("revoked", "R\t360101000000Z\t260101000000Z\t1234\tunknown\t/O=Somebody\n"),
    ):
        (tmp_path / "index").write_text(line)
        answering = "-index index -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin question -ndays 1"
        openssl("ocsp", *answering.split(), "-respout", status)
        answer = question.read((tmp_path / status).read_bytes(), at=datetime.now(UTC))
        assert answer.responder is None
        assert answer.status.name == status.upper()


def _der(pem: Path, openssl: Any) -> bytes:  # noqa: ANN401 - the runner above
    openssl("x509", "-in", pem.name, "-outform", "DER", "-out", f"{pem.name}.der")
    return pem.with_name(f"{pem.name}.der").read_bytes()


async def test_the_authority_answers_by_post_and_by_get_alike() -> None:
    world = World(Kind.RSA)
    question = world.question()
    async with simulated(world.authority) as simulator, ClientSession() as http:
        url = f"{simulator.url}/ca/rsa/issuing.ocsp"
        async with http.post(url, data=question.der) as posted:
            first = await posted.read()
        where = f"{url}/{quote(b64encode(question.der).decode(), safe='')}"
        async with http.get(where) as got:
            second = await got.read()
            assert got.content_type == "application/ocsp-response"
        async with http.get(f"{url}/noise") as refused:
            assert (await refused.read()) == b"\x30\x03\x0a\x01\x01"
    for answer in (first, second):
        question.read(answer, at=NOW).check()
