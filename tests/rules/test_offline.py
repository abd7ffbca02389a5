"""Verifying without a network, and the command that does it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2
import pytest
import qrcode
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from bff.cli_wallet import wallet
from miniapp_schemas.wallet import PresentationMode, Verdict
from tests.codes import KEY, NOW, OTHER_KEY, envelope
from wallet.codec.keys import KeySet
from wallet.codec.lz1 import mint, mint_opaque
from wallet.codec.status_list import INVALID, SUSPENDED, StatusList, StatusToken, write_token
from wallet.issuers.base import load_registry
from wallet.offline import OfflineResult, StatusListRefused, verify_offline

REGISTRY = load_registry()
TRUST = KeySet([KEY.public])
INDEX = 700_000
CODE = mint(envelope(), key=KEY)
AT = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=30)


def status(value: int = 0, *, of: str = "1", size: int = 1 << 20, **changes: object) -> bytes:
    listed: dict[str, object] = {
        "subject": f"https://city.example/verifier/v1/trust/status-lists/{of}",
        "issued_at": NOW - 60,
        "expires_at": NOW + 86_400,
        "ttl": 900,
        "statuses": StatusList.sparse({INDEX: value} if value else {}, size=size, bits=2),
    }
    return write_token(StatusToken(**(listed | changes)), key=KEY)  # type: ignore[arg-type]


def check(text: str = CODE, *, listed: bytes | None = None, at: datetime = AT) -> OfflineResult:
    return verify_offline(text, trust=TRUST, status=listed, registry=REGISTRY, now=at)


class TestVerdicts:
    def test_a_fresh_code_is_valid_and_says_what_it_shows(self) -> None:
        assert check() == OfflineResult(
            valid=True,
            verdict=Verdict.OK_OFFLINE,
            mode=PresentationMode.SIGNED,
            claims={
                "name": "张小明",
                "sex": "男",
                "birthDate": "1989-03-02",
                "idNumber": "**************1122",
            },
            issuer=1,
            issued_at=datetime.fromtimestamp(NOW, UTC),
            expires_at=datetime.fromtimestamp(NOW + 90, UTC),
            type="resident-id-card",
            scene="general",
        )

    @pytest.mark.parametrize(
        ("seconds", "verdict"),
        [(-6, Verdict.CLOCK_SKEW), (-5, Verdict.OK_OFFLINE), (94, Verdict.OK_OFFLINE), (95, Verdict.EXPIRED)],
    )
    def test_time(self, seconds: int, verdict: Verdict) -> None:
        result = check(at=datetime.fromtimestamp(NOW + seconds, UTC))
        assert result.verdict is verdict
        assert bool(result.claims) is result.valid is (verdict is Verdict.OK_OFFLINE)

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            (mint(envelope(), key=OTHER_KEY), Verdict.KEY_UNKNOWN),
            (CODE[:-1] + ("0" if CODE[-1] != "0" else "1"), Verdict.TAMPERED),
            (mint_opaque(bytes(16)), Verdict.ONLINE_ONLY),
            ("https://example.test/", Verdict.UNREADABLE),
            ("", Verdict.UNREADABLE),
        ],
    )
    def test_what_cannot_be_believed_shows_nothing(self, text: str, verdict: Verdict) -> None:
        result = check(text)
        assert result.verdict is verdict
        assert not result.valid
        assert result.claims == {}
        assert result.issuer is None

    def test_a_type_and_scene_from_the_future_are_valid_and_unnamed(self) -> None:
        result = check(mint(envelope(type=999, scene=999), key=KEY))
        assert (result.valid, result.type, result.scene, result.claims) == (True, None, None, {})

    @given(st.text(max_size=80))
    def test_any_text_gets_a_verdict(self, text: str) -> None:
        assert not check(text).valid


class TestStatus:
    @pytest.mark.parametrize(
        ("value", "verdict"),
        [
            (0, Verdict.OK_OFFLINE),
            (INVALID, Verdict.REVOKED),
            (SUSPENDED, Verdict.SUSPENDED),
            (3, Verdict.SUSPENDED),
        ],
    )
    def test_what_the_list_says(self, value: int, verdict: Verdict) -> None:
        result = check(listed=status(value))
        assert result.verdict is verdict
        assert result.status_as_of == datetime.fromtimestamp(NOW - 60, UTC)

    @pytest.mark.parametrize(
        ("value", "verdict"),
        [(0, Verdict.STALE_STATUS), (SUSPENDED, Verdict.STALE_STATUS), (INVALID, Verdict.REVOKED)],
    )
    def test_an_old_list_proves_only_what_is_final(self, value: int, verdict: Verdict) -> None:
        assert check(listed=status(value, expires_at=NOW - 60)).verdict is verdict

    def test_a_list_that_does_not_say_when_it_ends_is_good_for_a_day(self) -> None:
        day = 86_400
        assert check(listed=status(expires_at=None, issued_at=NOW - day + 60)).verdict is Verdict.OK_OFFLINE
        assert check(listed=status(expires_at=None, issued_at=NOW - day)).verdict is Verdict.STALE_STATUS

    def test_another_list_or_one_too_short_says_nothing(self) -> None:
        assert check(listed=status(of="2")).verdict is Verdict.STALE_STATUS
        assert (
            check(listed=status(size=1 << 10, statuses=StatusList.of([0], bits=2))).verdict
            is Verdict.STALE_STATUS
        )

    def test_time_is_judged_first(self) -> None:
        late = datetime.fromtimestamp(NOW + 200, UTC)
        assert check(listed=status(INVALID), at=late).verdict is Verdict.EXPIRED

    def test_a_code_without_a_status_needs_no_list(self) -> None:
        assert check(mint(envelope(status=None), key=KEY), listed=status(INVALID)).valid

    @pytest.mark.parametrize(
        "listed",
        [
            b"",
            b"noise",
            write_token(
                StatusToken(
                    subject="x/1",
                    issued_at=NOW,
                    expires_at=None,
                    ttl=None,
                    statuses=StatusList.of([0], bits=2),
                ),
                key=OTHER_KEY,
            ),
        ],
    )
    def test_a_list_nobody_trusted_signed_is_refused(self, listed: bytes) -> None:
        with pytest.raises(StatusListRefused):
            check(listed=listed)


class TestCommand:
    """``suishen wallet verify``: exit 0 valid, 1 not valid, 2 unreadable."""

    @pytest.fixture
    def trust(self, tmp_path: Path) -> Path:
        path = tmp_path / "keys.json"
        path.write_text(json.dumps(TRUST.to_jwks()))
        return path

    def run(self, *arguments: str | Path, at: datetime = AT) -> Result:
        return CliRunner().invoke(wallet, ["verify", *map(str, arguments), "--at", at.isoformat()])

    def test_a_valid_code_as_json(self, trust: Path) -> None:
        result = self.run(CODE, "--trust", trust, "--json")
        assert result.exit_code == 0
        assert json.loads(result.stdout) == {
            "valid": True,
            "verdict": "OK_OFFLINE",
            "mode": "signed",
            "claims": {
                "name": "张小明",
                "sex": "男",
                "birthDate": "1989-03-02",
                "idNumber": "**************1122",
            },
            "issuer": 1,
            "issuedAt": "2026-11-22T01:30:00Z",
            "expiresAt": "2026-11-22T01:31:30Z",
            "type": "resident-id-card",
            "scene": "general",
            "statusAsOf": None,
        }
        assert result.stdout.count("\n") == 1

    def test_a_valid_code_in_words(self, trust: Path) -> None:
        result = self.run(CODE, "--trust", trust)
        assert result.exit_code == 0
        for words in (
            "有效 VALID",
            "OK_OFFLINE",
            "居民身份证",
            "姓名 Name: 张小明",
            "通用 General",
            "09:30:00",
        ):
            assert words in result.stdout

    @pytest.mark.parametrize(
        ("code", "seconds", "exit_code", "verdict"),
        [
            (CODE, 200, 1, "EXPIRED"),
            (CODE, -200, 1, "CLOCK_SKEW"),
            (mint(envelope(), key=OTHER_KEY), 0, 1, "KEY_UNKNOWN"),
            (mint_opaque(bytes(16)), 0, 1, "ONLINE_ONLY"),
            ("nonsense", 0, 2, "UNREADABLE"),
            ("missing.png", 0, 2, "UNREADABLE"),
        ],
    )
    def test_other_codes(self, trust: Path, code: str, seconds: int, exit_code: int, verdict: str) -> None:
        at = datetime.fromtimestamp(NOW + seconds, UTC)
        result = self.run(code, "--trust", trust, "--json", at=at)
        assert result.exit_code == exit_code
        assert json.loads(result.stdout)["verdict"] == verdict
        in_words = self.run(code, "--trust", trust, at=at)
        assert in_words.exit_code == exit_code
        assert "NOT VALID" in in_words.stdout

    def test_a_picture(self, trust: Path, tmp_path: Path) -> None:
        path = tmp_path / "code.png"
        with path.open("wb") as file:
            qrcode.make(CODE).save(file)
        assert self.run(path, "--trust", trust).exit_code == 0
        path.write_bytes(b"no picture")
        assert self.run(path, "--trust", trust).exit_code == 2

    @pytest.mark.parametrize("around", ["{}", "{}\n", "\ufeff{}\r\n"])
    def test_a_text_file(self, trust: Path, tmp_path: Path, around: str) -> None:
        path = tmp_path / "code.txt"
        path.write_bytes(around.format(CODE).encode())
        assert self.run(path, "--trust", trust).exit_code == 0

    @pytest.mark.parametrize("content", [CODE.encode() + b"\n" * 20_000, "码".encode(), b"", b"nonsense"])
    def test_a_text_file_that_holds_no_code_is_unreadable(
        self, trust: Path, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "code.txt"
        path.write_bytes(content)
        result = self.run(path, "--trust", trust, "--json")
        assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (2, "UNREADABLE")

    @pytest.mark.parametrize(("given", "exit_code"), [(f"{CODE}\n", 0), ("", 2), ("A" * 20_000, 2)])
    def test_standard_input(self, trust: Path, given: str, exit_code: int) -> None:
        words = ["verify", "-", "--trust", str(trust), "--at", AT.isoformat()]
        result = CliRunner().invoke(wallet, words, input=given)
        assert result.exit_code == exit_code, result.output

    @pytest.mark.parametrize("form", ["cose", "pem"])
    def test_other_forms_of_trust(self, form: str, tmp_path: Path) -> None:
        path = tmp_path / f"keys.{form}"
        path.write_bytes(TRUST.to_cose() if form == "cose" else KEY.public.to_pem())
        assert self.run(CODE, "--trust", path).exit_code == 0

    def test_a_status_list(self, trust: Path, tmp_path: Path) -> None:
        path = tmp_path / "1.cwt"
        for value, exit_code, verdict in ((0, 0, "OK_OFFLINE"), (1, 1, "REVOKED"), (2, 1, "SUSPENDED")):
            path.write_bytes(status(value))
            result = self.run(CODE, "--trust", trust, "--status", path, "--json")
            assert (result.exit_code, json.loads(result.stdout)["verdict"]) == (exit_code, verdict)

    def test_files_that_cannot_be_used_are_named(self, trust: Path, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.write_bytes(cbor2.dumps("nothing"))
        for arguments in ((CODE, "--trust", broken), (CODE, "--trust", trust, "--status", broken)):
            result = self.run(*arguments)
            assert result.exit_code == 2
            assert "broken" in result.stderr

    def test_a_time_without_an_offset_is_shanghais(self, trust: Path) -> None:
        code = [CODE, "--trust", str(trust), "--at"]
        assert CliRunner().invoke(wallet, ["verify", *code, "2026-11-22T09:30:30"]).exit_code == 0
        assert CliRunner().invoke(wallet, ["verify", *code, "2026-11-22T01:30:30"]).exit_code == 1
        assert CliRunner().invoke(wallet, ["verify", *code, "noon"]).exit_code == 2

    def test_without_a_time_it_is_now(self, trust: Path) -> None:
        now = int(datetime.now(UTC).timestamp())
        code = mint(envelope(issued_at=now, expires_at=now + 90), key=KEY)
        assert CliRunner().invoke(wallet, ["verify", code, "--trust", str(trust)]).exit_code == 0
