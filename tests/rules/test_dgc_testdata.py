"""EU Digital COVID Certificates, judged by what the member states expect of their own test data."""

import json
import re
from base64 import b64decode
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from health_code.codec import foreign, hc1
from health_code.codec.certificates import Kind, Malformed, Unreadable, Verdict
from health_code.codec.cose import KID, Sign1, loads, open_sign1
from health_code.codec.inflate import inflate_checked
from health_code.codec.revocation import Revocations
from health_code.codec.trust import Trust
from miniapp_schemas import base45
from tests.foreign_certificates import VECTORS
from wallet.codec.errors import Unreadable as NoPicture
from wallet.picture import read_image

DATA: Final = VECTORS / "dgc-testdata"
FILES: Final = sorted(DATA.rglob("*.json"))
UNSIGNED: Final = {Verdict.BAD_SIGNATURE, Verdict.UNKNOWN_KEY, Verdict.UNREADABLE}
OUT_OF_TERM: Final = {Verdict.EXPIRED, Verdict.NOT_YET_VALID, Verdict.KEY_EXPIRED}

# Expectations that are not met, and why. Nothing else may differ.
EXCEPTIONS: Final = {
    # The sample's time is two hours earlier in JSON than in COSE (issue 141 of the data).
    ("FR/2DCode/raw/test_pcr_ok.json", "EXPECTEDVALIDJSON"),
}
# Files whose code is not what the file as a whole expects, and why.
WHOLE: Final = {
    "FR/2DCode/raw/recovery_ok.json": "its clock stands before the issue; it expects nothing of the time",
    "FR/2DCode/raw/test_pcr_ok.json": "its clock stands before the issue; it expects nothing of the time",
    "FR/2DCode/raw/vaccin_ok.json": "its clock stands before the issue; it expects nothing of the time",
    "common/2DCode/raw/Q1.json": "only its picture is broken, and its text is good",
}


def name(file: Path) -> str:
    return file.relative_to(DATA).as_posix()


class Case:
    """One file of test data, and what we make of each of its steps."""

    def __init__(self, file: Path) -> None:
        self.data: dict[str, Any] = json.loads(file.read_text("utf-8-sig"))
        context = self.data["TESTCTX"]
        clock = datetime.fromisoformat(context["VALIDATIONCLOCK"])
        self.clock = clock if clock.tzinfo else clock.replace(tzinfo=UTC)
        pem = f"-----BEGIN CERTIFICATE-----\n{context['CERTIFICATE']}\n-----END CERTIFICATE-----\n"
        self.trust = Trust.of({"signer.pem": pem.encode()})

    def outcome(self, expectation: str, folder: Path) -> bool | None:
        """Whether the step succeeds; None if a field it needs is not there, or it is one of writing."""
        try:
            match expectation:
                case "EXPECTEDPICTUREDECODE":
                    picture = folder / "picture.png"
                    picture.write_bytes(b64decode(self.data["2DCODE"]))
                    return bool(read_image(picture) == self.data["PREFIX"])
                case "EXPECTEDUNPREFIX":
                    return bool(self.data["PREFIX"] == hc1.PREFIX + self.data["BASE45"])
                case "EXPECTEDB45DECODE":
                    return base45.decode(self.data["BASE45"]) == bytes.fromhex(self.data["COMPRESSED"])
                case "EXPECTEDCOMPRESSION":
                    packed = bytes.fromhex(self.data["COMPRESSED"])
                    return inflate_checked(packed, most=16_384) == bytes.fromhex(self.data["COSE"])
                case "EXPECTEDDECODE":
                    return self._hcert(self._cose()) == _of_cbor(loads(bytes.fromhex(self.data["CBOR"])))
                case "EXPECTEDVALIDJSON":
                    said = self._hcert(hc1.open_text(self.data["PREFIX"]))
                    return _in_utc(said) == _in_utc(self.data["JSON"])
                case "EXPECTEDVERIFY":
                    return self._verdict() not in UNSIGNED
                case "EXPECTEDEXPIRATIONCHECK":
                    return self._verdict() not in UNSIGNED | OUT_OF_TERM
                case "EXPECTEDKEYUSAGE":
                    return self._verdict() not in UNSIGNED and self._kind() in self._kinds()
                case "EXPECTEDSCHEMAVALIDATION":
                    return self._is_certificate()
        except KeyError:
            return None
        except (Unreadable, NoPicture, base45.NotBase45, ValueError):
            return False
        return None

    def _cose(self) -> Sign1:
        return open_sign1(bytes.fromhex(self.data["COSE"]))

    def _verdict(self) -> Verdict:
        at = self.clock.timestamp()
        return hc1.check_cose(self._cose(), trust=self.trust, revoked=Revocations(), at=at).verdict

    def _hcert(self, sign1: Sign1) -> object:
        return _of_cbor(loads(sign1.payload))

    def _kind(self) -> Kind:
        hcert = self._hcert(self._cose())
        assert isinstance(hcert, dict)
        return next(kind for kind in Kind if hcert.get(kind.value))

    def _kinds(self) -> frozenset[Kind]:
        return self.trust.signers_named(self._cose().headers.get(KID))[0].kinds

    def _is_certificate(self) -> bool:
        document = self._hcert(self._cose()) if "COSE" in self.data else self.data["JSON"]
        try:
            hc1.read({1: document}, issued_at=self.clock)
        except Malformed:
            return False
        return True


def _of_cbor(value: object) -> object:
    """The certificate in ``value``: a CWT, an hcert, or one itself."""
    if isinstance(value, dict):
        value = value.get(-260, value)
        assert isinstance(value, dict)
        return value.get(1, value)
    return value


def _in_utc(value: object) -> str:
    """``value`` with one spelling of UTC: some write their times as tagged instants."""
    return json.dumps(value, sort_keys=True).replace("+00:00", "Z")


def expectations(case: Case) -> dict[str, bool]:
    return {
        name.replace("EXPTECTED", "EXPECTED"): value for name, value in case.data["EXPECTEDRESULTS"].items()
    }


def test_every_step_that_can_be_run_ends_as_expected(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    differing = {}
    for file in FILES:
        case = Case(file)
        for expectation, expected in expectations(case).items():
            outcome = case.outcome(expectation, tmp_path)
            counts["skipped" if outcome is None else "agreed" if outcome == expected else "differing"] += 1
            if outcome is not None and outcome != expected:
                differing[name(file), expectation] = outcome

    assert set(differing) == EXCEPTIONS
    assert len(FILES) == 246
    assert counts == {"agreed": 2154, "skipped": 291, "differing": 1}


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_code_is_good_if_all_that_is_expected_of_it_is(file: Path) -> None:
    case = Case(file)

    checked = foreign.verify(case.data["PREFIX"], trust=case.trust, at=case.clock)

    good = all(expectations(case).values())
    assert (checked.valid == good) != (name(file) in WHOLE)
    if good and checked.content is not None:
        assert re.fullmatch(r"\S.*", checked.content.subject.name)
        assert len({said.kind for said in checked.content.statements}) == 1
