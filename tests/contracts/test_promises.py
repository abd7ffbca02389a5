"""Every operation, called as it is meant to be, answers what the contract promises."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import jsonschema
import jwt
import msgspec
import pytest

from bff.platform.contract import Contract
from bff.sandbox.authenticator import code_of
from bff.sandbox.city import CERTIFICATES, CITIZENS, CLERKS, ENTERPRISE, SIGNING_ON, person
from bff.sandbox.stack import City
from tests.contracts.people import DEPARTMENT, RESIDENT, People
from tests.health import CONTACT_IS_YELLOW, evidence, rule_set

DOCUMENT: Final[dict[str, Any]] = msgspec.json.decode(Contract.committed().openapi)
OPERATIONS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


LIN: Final = person(RESIDENT)


class Promise:
    """Calls operations by their names and holds each answer against the document."""

    def __init__(self, city: City, people: People) -> None:
        self._http = httpx.Client(base_url=city.base_url, timeout=30)
        self._people = people

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        name: str,
        body: object = None,
        *,
        status: int | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        errand: str = "walk",
        **parts: str,
    ) -> httpx.Response:
        method, path, operation = OPERATIONS[name]
        sent = dict(headers or {})
        for audience in operation.get("security", [{}])[0]:
            sent |= self._people.bearer(f"{errand}-{audience}", audience)
        content = None if body is None else msgspec.json.encode(body)
        if content is not None:
            sent["Content-Type"] = "application/json"
        answer = self._http.request(method, path.format(**parts), content=content, params=query, headers=sent)
        expected = status or int(min(each for each in operation["responses"] if each.startswith("2")))
        assert answer.status_code == expected, answer.text
        self._hold(answer, operation["responses"][str(expected)])
        return answer

    def first_line(self, name: str) -> str:
        """What an operation says first that goes on answering for as long as somebody listens."""
        method, path, operation = OPERATIONS[name]
        (audience,) = operation["security"][0]
        sent = self._people.bearer(f"walk-{audience}", audience)
        with self._http.stream(method, path, headers=sent) as answer:
            assert answer.status_code == 200
            assert (
                answer.headers["content-type"].partition(";")[0] in operation["responses"]["200"]["content"]
            )
            return next(answer.iter_lines())

    @staticmethod
    def _hold(answer: httpx.Response, promised: dict[str, Any]) -> None:
        assert set(promised["headers"]) - {"Retry-After"} <= {_titled(name) for name in answer.headers}
        if "content" not in promised:
            assert answer.content == b""
            return
        ((media, content),) = promised["content"].items()
        assert answer.headers["content-type"].partition(";")[0] == media
        if "schema" in content:
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            jsonschema.Draft202012Validator(
                schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
            ).validate(answer.json())


def _titled(name: str) -> str:
    return {"etag": "ETag"}.get(name, "-".join(part.capitalize() for part in name.split("-")))


@pytest.fixture(scope="module")
def promise(city: City, people: People) -> Iterator[Promise]:
    promise = Promise(city, people)
    yield promise
    promise.close()


def test_a_resident_signs_in_renews_and_signs_out(promise: Promise, people: People) -> None:
    promise.call("SignInWithAlipay", people.alipay_code())
    _, body = people.resident()
    session = promise.call("SignInWithWechat", body).json()

    claims = jwt.decode(session["accessToken"], options={"verify_signature": False})
    assert claims["env"] == "sim"
    promise.call("RefreshSession", {"refreshToken": session["refreshToken"]})
    promise.call("SignOut", errand="leaving")
    promise.call("SignOut", errand="leaving", status=401)


def test_a_resident_and_a_clerk_sign_in_elsewhere(promise: Promise, people: People) -> None:
    device = {"X-Device-Id": "a-device-of-its-own"}
    begun = promise.call("BeginCitizenCloud", headers=device).json()
    promise.call("SignInWithCitizenCloud", people.come_back(begun, RESIDENT), headers=device)
    begun = promise.call("BeginClerkSso", {"organisation": SIGNING_ON}, headers=device).json()
    back = people.come_back(begun, next(each.number for each in CLERKS if each.organisation == SIGNING_ON))
    promise.call("ClerkSsoSignIn", back, headers=device)
    # The same device lost the reply; another one only has the code.
    promise.call("ClerkSsoSignIn", back, headers=device)
    promise.call("ClerkSsoSignIn", back, headers={"X-Device-Id": "another-device-altogether"}, status=409)


def test_a_certificate_that_is_none_proves_nothing(promise: Promise) -> None:
    promise.call("AskLegalPersonChallenge", {"purpose": "level"})
    shown = {"challengeId": "0" * 32, "certificate": "AAAA", "algorithm": "SM2-SM3", "signature": "AAAA"}
    promise.call("ProveLegalPerson", shown, status=409)


@pytest.mark.parametrize(
    ("audience", "names"),
    [
        ("resident", ("ListSessions", "EndSession", "EndOtherSessions")),
        ("verifier", ("ListClerkSessions", "EndClerkSession", "EndOtherClerkSessions")),
    ],
)
def test_somebody_sees_where_they_are_signed_in_and_ends_it(
    promise: Promise, people: People, audience: str, names: tuple[str, str, str]
) -> None:
    listing, ending, ending_others = names
    people.bearer(f"elsewhere-{audience}", audience)
    sessions = promise.call(listing, errand="here").json()
    elsewhere = next(each for each in sessions if not each["current"])
    promise.call(ending, errand="here", sessionId=elsewhere["id"])
    promise.call(ending, errand="here", sessionId=elsewhere["id"], status=404)
    promise.call(ending_others, errand="here")
    people.forget()


def test_a_resident_sees_the_first_screen_once(promise: Promise) -> None:
    screen = promise.call("Home")

    promise.call("Home", headers={"If-None-Match": screen.headers["ETag"]}, status=304)


def test_a_resident_shows_and_a_clerk_verifies(promise: Promise) -> None:
    cards = promise.call("ListCredentials").json()["items"]
    card = next(each for each in cards if each["status"] == "valid")
    promise.call("ReadCredential", credentialId=card["id"])
    ticket = promise.call("ShowCredential", {"credentialId": card["id"]}).json()
    followed = promise.call("FollowPresentation", presentationId=ticket["presentationId"]).json()
    verified = promise.call("VerifyCode", {"code": ticket["code"], "requestId": "promise-0001"}).json()
    used = promise.call("FollowPresentation", presentationId=ticket["presentationId"]).json()

    assert (followed["state"], verified["verdict"], used["state"]) == ("open", "OK_ONLINE", "used")


def test_a_resident_takes_a_code_back(promise: Promise) -> None:
    cards = promise.call("ListCredentials").json()["items"]
    card = next(each for each in cards if each["status"] == "valid")
    ticket = promise.call("ShowCredential", {"credentialId": card["id"]}).json()

    promise.call("WithdrawPresentation", presentationId=ticket["presentationId"])

    followed = promise.call("FollowPresentation", presentationId=ticket["presentationId"]).json()
    assert followed["state"] == "ended"


@pytest.mark.parametrize("name", ["ListUsageRecords", "ListVerifications", "ListCredentials", "ListIssued"])
def test_lists_are_read_page_by_page(promise: Promise, name: str) -> None:
    first = promise.call(name, query={"limit": "1"}).json()

    assert len(first["items"]) <= 1
    if first["nextCursor"] is not None:
        second = promise.call(name, query={"limit": "1", "cursor": first["nextCursor"]}).json()
        assert second["items"] != first["items"]


def test_a_clerk_begins_renews_and_ends_a_shift(promise: Promise, people: People) -> None:
    _, body = people.verifier()
    session = promise.call("ClerkSignIn", body).json()

    promise.call("RefreshClerkSession", {"refreshToken": session["refreshToken"]})
    promise.call("ClerkSignOut", errand="leaving")


def test_a_clerk_sets_up_a_second_factor_and_needs_it_from_then_on(promise: Promise, people: People) -> None:
    _, body = people.verifier(next(each for each in CLERKS if each.number == "1002"))
    secret = promise.call("BeginSecondFactor", body).json()["secret"]
    promise.call("ClerkSignIn", {**body, "oneTimeCode": code_of(secret)})
    promise.call("ClerkSignIn", body, status=401)


def test_a_department_issues_suspends_resumes_and_revokes(promise: Promise, people: People) -> None:
    _, body = people.issuer()
    promise.call("IssuerSignIn", body)
    promise.call("ListCredentialTypes")
    sample = next(each.content for each in CERTIFICATES if each.department == DEPARTMENT.key)
    content = msgspec.to_builtins(sample) | {"serial": "PROMISE0001"}
    issued = promise.call("IssueCredential", content, headers={"Idempotency-Key": "promise-0001"}).json()

    promise.call("ReadIssued", credentialId=issued["id"])
    for name in ("SuspendCredential", "ResumeCredential", "RevokeCredential"):
        promise.call(name, {"reason": "约定的检验"}, credentialId=issued["id"])
    promise.call("ResumeCredential", {"reason": "约定的检验"}, credentialId=issued["id"], status=409)


def test_a_scanner_fetches_what_it_needs(promise: Promise) -> None:
    promise.call("WalletKeys")
    promise.call("WalletCoseKeys")
    promise.call("TokenKeys")
    # The scheduler signs the lists when it starts, which it does after the web process is ready.
    deadline = time.monotonic() + 30
    while True:
        try:
            promise.call("StatusList", number="1")
            break
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_a_resident_leaves_and_stays_after_all(promise: Promise) -> None:
    promise.call("ReadDeletion", errand="going")
    asked = promise.call(
        "RequestDeletion", headers={"Idempotency-Key": "promise-leaving-1"}, errand="going"
    ).json()
    promise.call("FetchDeletionCertificate", {"receipt": asked["receipt"]})
    promise.call("CancelDeletion", errand="going")


def test_a_resident_looks_after_their_account(promise: Promise, city: City, people: People) -> None:
    promise.call("ReadAccount", errand="account")
    promise.call("ExportAccount", errand="account")
    nothing = "0" * 32
    promise.call("RemoveLink", linkId=nothing, status=404, errand="account")
    promise.call("UndoMerge", mergeId=nothing, status=404, errand="account")
    # All this while no phone is bound: whoever has one is asked by it first.
    link = {"provider": "nobody", "code": "code"}
    promise.call(
        "AddLink", link, headers={"Idempotency-Key": "promise-account-2"}, status=404, errand="account"
    )
    device = {"X-Device-Id": "a-device-of-its-own"}
    begun = promise.call("BeginCitizenCloudLink", headers=device, errand="account").json()
    # Nobody has signed in there: the code is none.
    back = {"code": "code", "state": begun["state"], "iss": f"{city.openid_url}/{CITIZENS}"}
    key = {"Idempotency-Key": "promise-account-4"}
    promise.call("LinkCitizenCloud", back, headers={**device, **key}, status=401, errand="account")
    key = {"Idempotency-Key": "promise-account-1"}
    sent = promise.call("SendPhoneCode", {"phone": LIN.phone}, headers=key, errand="account").json()
    outbox = httpx.get(f"{city.sms_url}/_sim/sms/outbox", params={"phone": f"+86{LIN.phone}"}).json()
    bound = {"requestId": sent["requestId"], "code": outbox[0]["code"]}
    promise.call("BindPhoneBySms", bound, errand="account")
    promise.call("BindPhoneByCode", {"code": "code"}, provider="nobody", status=404, errand="account")
    promise.call("BindPhoneByPacket", {"packet": "packet"}, provider="nobody", status=404, errand="account")
    proving = {"name": LIN.name, "idNumber": LIN.id_number, "consentNotice": "real-name-1"}
    assert promise.call("ProveRealName", proving, errand="account").json()["trustGrade"] == 3
    key = {"Idempotency-Key": "promise-account-5"}
    promise.call("AddLink", link, headers=key, status=403, errand="account")
    face = {"consentNotice": "face-1"}
    key = {"Idempotency-Key": "promise-account-3"}
    begun = promise.call("StartFaceCheck", face, headers=key, errand="account").json()
    promise.call("ConcludeFaceCheck", checkId=begun["id"], errand="account")
    promise.call("ConcludeFaceCheck", checkId=nothing, status=404, errand="account")
    promise.call("WithdrawConsent", purpose="real-name", errand="account")
    people.forget()


def test_a_challenge_that_is_none_is_answered_by_nothing(promise: Promise) -> None:
    challenge = {"challenge": "x" * 40}
    code = {**challenge, "requestId": "0" * 32, "code": "123456"}
    promise.call("AnswerByProvider", {**challenge, "provider": "wechat", "code": "code"}, status=403)
    device = {"X-Device-Id": "a-device-of-its-own"}
    promise.call("BeginCitizenCloudAnswer", challenge, headers=device, status=403)
    back = {**challenge, "code": "code", "state": "0" * 32}
    promise.call("AnswerByCitizenCloud", back, headers=device, status=403)
    promise.call("SendStepUpCode", challenge, status=403)
    promise.call("AnswerByPhone", code, status=403)
    promise.call("AnswerByCertificate", challenge, status=403)
    promise.call("AnswerByFace", {**challenge, "faceCheckId": "0" * 32}, status=403)


def test_a_guardian_is_asked_to_prove_it_anew_and_is_themselves_all_along(promise: Promise) -> None:
    key = {"Idempotency-Key": "promise-acting-1"}
    child = {"idNumber": person("child").id_number}
    asked = promise.call("ClaimChild", child, headers=key, status=403).json()
    assert asked["stepUp"]["operation"] == "guardian"
    promise.call("SwitchActing", {"grantId": "0" * 32}, status=404)
    assert promise.call("ReadActing").json()["now"] is None
    assert promise.call("SwitchBack").json()["acting"] is None
    promise.call("EndGrant", grantId="0" * 32, status=404)


def test_leave_is_asked_for_and_waits_to_be_confirmed(promise: Promise) -> None:
    terms = {"scopes": ["wallet:read"], "until": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    asking = {**terms, "idNumber": person("wang").id_number}
    key = {"Idempotency-Key": "promise-acting-2"}
    grant = promise.call("AskRelative", asking, headers=key).json()
    assert (grant["state"], grant["name"], grant["code"]) == ("offered", None, None)
    promise.call("ConfirmGrant", {}, grantId=grant["id"], status=403)
    promise.call("EndGrant", grantId=grant["id"])
    appointing = {**terms, "idNumber": person("qian").id_number, "uscc": ENTERPRISE.id}
    key = {"Idempotency-Key": "promise-acting-3"}
    promise.call("AppointAgent", appointing, headers=key, status=403)


def test_a_clerk_acts_for_a_resident_who_reads_out_the_code(promise: Promise) -> None:
    asking = {"idNumber": LIN.id_number, "caseId": "HY-2026-0001", "scopes": ["wallet:read"]}
    key = {"Idempotency-Key": "promise-assist-1"}
    grant = promise.call("AssistResident", asking, headers=key).json()["id"]
    assert promise.call("ListAssists").json()["items"][0]["id"] == grant
    code = next(each["code"] for each in promise.call("ListGrants").json()["items"] if each["id"] == grant)
    promise.call("ConfirmAssist", {"code": code}, grantId=grant)
    assert promise.call("SwitchAssist", grantId=grant).json()["acting"]["kind"] == "clerk"
    promise.call("EndAssist", grantId=grant)


def test_what_is_entered_by_hand_waits_for_another_organisation(promise: Promise) -> None:
    reason = promise.call("ListManualReasons").json()[0]
    said = {
        "idNumber": LIN.id_number,
        "jurisdiction": "310000",
        "reason": reason["code"],
        "caseId": "HY-2026-0001",
        "note": "约定的检验",
        "expiresAt": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    key = {"Idempotency-Key": "promise-manual-1"}
    entry = promise.call("ProposeManual", said, headers=key).json()["id"]
    assert promise.call("ReadManual", entryId=entry).json() in promise.call("ListManual").json()["items"]
    promise.call("ConfirmManual", entryId=entry, status=403)
    promise.call("DeclineManual", entryId=entry)
    for name in ("AskManualWithdrawal", "WithdrawManual", "KeepManual", "ReleaseManual"):
        promise.call(name, entryId=entry, status=409)
    promise.call("ListCohortAlarms")
    promise.call("ListHeldManual")
    promise.call("ListManualAboutMe")


def test_an_appeal_is_about_a_reason_of_ones_own_colour(promise: Promise) -> None:
    nothing = "01900000-0000-7000-8000-000000000000"
    appeal = {"evidence": nothing, "statement": "约定的检验"}
    key = {"Idempotency-Key": "promise-appeal-1"}
    promise.call("FileAppeal", appeal, headers=key, status=400)
    outcome = {"rule": "CR-CN310000-0001", "statement": "约定的检验"}
    promise.call("FileAppeal", outcome, headers={"Idempotency-Key": "promise-appeal-2"}, status=400)
    promise.call("ListAppeals")
    promise.call("ReadAppeal", appealId=nothing, status=404)
    file = {"mediaType": "image/png", "content": "iVBORw0KGgo="}
    promise.call("AttachToAppeal", file, appealId=nothing, status=404)
    promise.call("WithdrawAppeal", appealId=nothing, status=404)
    promise.call("ListAppealsToReview", query={"overdue": "true"})
    for name in ("ReadAppealCase", "TakeAppeal", "UpholdAppeal", "ReturnAppeal"):
        promise.call(name, appealId=nothing, status=404)
    for name in ("ProposeCorrection", "RejectAppeal"):
        promise.call(name, {"answer": "约定的检验"}, appealId=nothing, status=404)
    promise.call("ReadAttachment", appealId=nothing, attachmentId=nothing, status=404)


def test_an_operator_writes_what_a_notice_says_and_a_resident_allows_it(promise: Promise) -> None:
    name = "pension-due"
    assert name in [each["name"] for each in promise.call("ListPushTemplates").json()]
    kept = promise.call("ReadPushTemplate", templateName=name).json()
    draft = {language: kept["shipped"][language] for language in ("zh", "en")}
    draft["wechat"] = {"templateId": "promise-pension", "fields": {"thing1": "{item}"}}
    promise.call("PreviewPushTemplate", {"draft": draft}, templateName=name)
    saved = promise.call("SavePushTemplate", draft, templateName=name).json()["saved"]["number"]
    promise.call("ActivatePushTemplate", {"version": saved}, templateName=name)
    promise.call("ActivatePushTemplate", {"version": 99}, templateName=name, status=404)
    wrong = {**draft, "wechat": {**draft["wechat"], "fields": {"date1": "{item}"}}}
    promise.call("SavePushTemplate", wrong, templateName=name, status=400)
    said = {
        "provider": "wechat",
        "results": [{"templateId": "promise-pension", "answer": "accept"}],
    }
    key = {"Idempotency-Key": "promise-subscribe-1"}
    told = promise.call("ReportSubscriptions", said, headers=key).json()
    (own,) = [each for each in told if each["templateId"] == "promise-pension"]
    assert (own["provider"], own["left"]) == ("wechat", 1)
    assert promise.call("ListSubscriptions").json() == told
    promise.call("ActivatePushTemplate", {"version": kept["current"]["number"]}, templateName=name)


def test_everybody_reads_the_statistics(promise: Promise) -> None:
    assert promise.call("HealthStatistics").json()["k"] == 10


def test_a_laboratory_reports_and_a_resident_shows_to_a_guard(promise: Promise) -> None:
    result = {"kind": "RESULT", "outcome": "NEGATIVE"}
    item = evidence(LIN.id_number, datetime.now(UTC) - timedelta(hours=1), result)
    assert (
        promise.call("ReportHealthEvidence", {"items": [item]}, errand="laboratory").json()["recorded"] == 1
    )
    assert promise.call("ReadHealthCode").json()["colour"] == "GREEN"
    code = promise.call("ShowHealthCode", {}).json()["code"]
    assert promise.call("CheckHealthCode", {"code": code}).json()["verdict"] == "OK"
    assert promise.first_line("FollowHealthCode") == "event: code"


def test_a_resident_carries_codes(promise: Promise) -> None:
    promise.call("HealthKeys")
    offline = promise.call("FetchOfflineHealthCode")
    promise.call("FetchOfflineHealthCode", headers={"If-None-Match": offline.headers["ETag"]}, status=304)
    promise.call("ReadPaperHealthCode", status=404)
    paper = promise.call("IssuePaperHealthCode", headers={"Idempotency-Key": "promise-paper-1"}).json()
    assert promise.call("ReadPaperHealthCode").json()["id"] == paper["id"]
    promise.call("DrawPaperHealthCodeSvg")
    promise.call("DrawPaperHealthCodePng")
    for code, kind in ((offline.json()["code"], "OFFLINE"), (paper["code"], "PAPER")):
        assert promise.call("CheckHealthCode", {"code": code}).json()["kind"] == kind
    promise.call("ReportPaperHealthCodeLost")
    assert promise.call("CheckHealthCode", {"code": paper["code"]}).json()["verdict"] == "REVOKED"


def test_a_resident_shows_a_health_code_and_a_certificate_in_one(promise: Promise) -> None:
    cards = promise.call("ListCredentials").json()["items"]
    card = next(each for each in cards if each["status"] == "valid")
    combined = promise.call("ShowCombinedCode", {"credentialId": card["id"]}).json()
    asked = {"code": combined["code"], "requestId": "promise-both-1"}
    checked = promise.call("CheckHealthCode", asked).json()
    assert (checked["verdict"], checked["licence"]["verdict"]) == ("OK", "OK_ONLINE")


def test_a_resident_declares_how_they_are_and_where_they_have_been(promise: Promise) -> None:
    promise.call("DeclareHealth", {"temperature": 36.6}, headers={"Idempotency-Key": "promise-declaring-1"})
    been = {"area": "310101", "leftOn": (datetime.now(UTC) - timedelta(days=2)).date().isoformat()}
    promise.call("DeclareTravel", been, headers={"Idempotency-Key": "promise-declaring-2"})


def test_a_certificate_that_nobody_vouches_for_is_not_believed(promise: Promise) -> None:
    promise.call("BringCertificate", {"text": "HC1:NOTHING"}, status=400)


def test_a_family_is_those_one_may_act_for(promise: Promise) -> None:
    assert promise.call("ListFamilyHealthCodes").json()["items"] == []
    promise.call("AddFamilyHealthCode", {"grantId": "0" * 32}, status=404)
    promise.call("ShowFamilyHealthCode", grantId="0" * 32, status=404)
    promise.call("RemoveFamilyHealthCode", grantId="0" * 32)


def test_rules_are_proposed_and_published_by_a_second_person(promise: Promise) -> None:
    ask = partial(promise.call, errand="proposing")
    ask("ListRuleSets")
    document = msgspec.to_builtins(rule_set(CONTACT_IS_YELLOW, Identifier="promise-rules"))
    proposed = ask("ProposeRuleSet", {"document": document}).json()
    assert proposed["id"] in [each["id"] for each in ask("ListRuleSetProposals").json()]
    ask("ReadRuleSet", ruleSetId=proposed["id"])
    ask("PublishRuleSet", ruleSetId=proposed["id"], status=403)
    promise.call("PublishRuleSet", ruleSetId=proposed["id"], errand="publishing")


def test_a_venue_is_put_up_checked_in_with_and_asked_about(promise: Promise) -> None:
    station = {
        "nameZh": "海屿站",
        "nameEn": "Haiyu Station",
        "division": "310101",
        "kind": "TRANSPORT",
        "admits": ["GREEN", "GREY"],
        "printedCodes": True,
    }
    key = {"Idempotency-Key": "promise-venue-1"}
    venue = promise.call("RegisterVenue", station, headers=key).json()["id"]
    assert promise.call("ListVenues").json()["items"][0]["id"] == venue
    assert promise.call("PrintVenueCode", venueId=venue).json()["kind"] == "PRINTED"
    code = promise.call("DisplayVenueCode", venueId=venue).json()["code"]
    scanned = {"code": code, "requestId": "promise-checkin-1"}
    assert promise.call("CheckIn", scanned).json() == promise.call("CheckIn", scanned).json()
    promise.call("CheckIn", {"code": f"{code}x", "requestId": "promise-checkin-2"}, status=400)
    promise.call("ListCheckInPurges")

    now = datetime.now(UTC)
    asking = {"caseId": "LD-2026-0001", "venueId": venue, "until": now.isoformat()}
    asking["since"] = (now - timedelta(hours=1)).isoformat()
    key = {"Idempotency-Key": "promise-exposure-1"}
    query = promise.call("ProposeExposureQuery", asking, headers=key).json()["id"]
    assert query in {each["id"] for each in promise.call("ListExposureQueries").json()}
    promise.call("ApproveExposureQuery", queryId=query)
    promise.call("ApproveExposureQuery", queryId=query, status=403)
    assert promise.call("ReadExposureQuery", queryId=query).json()["state"] == "APPROVED_ONCE"
    promise.call("ReadExposures", queryId=query, status=403)


def test_a_resident_reads_notices_and_says_how_to_be_told(promise: Promise) -> None:
    assert promise.call("ListNotices", query={"limit": "5", "topic": "account"}).json()["unread"] >= 0
    promise.call("ReadNotice", noticeId="0" * 64, status=404)
    promise.call("ReadAllNotices", {})
    assert promise.first_line("FollowNotices") == "event: unread"
    found = promise.call("ReadPushPreferences").json()
    said = {
        "channels": found["offered"],
        "quiet": {"start": "23:00", "end": "07:00"},
        "topicsOff": ["policy"],
    }
    assert promise.call("SetPushPreferences", said).json()["topicsOff"] == ["policy"]
    promise.call("SetPushPreferences", {})
    topic = next(each for each in promise.call("ListTopicConsents").json() if each["basis"] == "guardian")
    given = {"topic": topic["topic"], "textVersion": topic["words"]["version"]}
    promise.call("GiveTopicConsent", given)
    promise.call("RefuseTopic", topic=topic["topic"])
    promise.call("RefuseTopic", topic="account", status=409)


def test_a_phone_is_registered_seen_and_forgotten(promise: Promise) -> None:
    phone = promise.call("RegisterPushDevice", {"kind": "apns", "token": "a1" * 32}).json()
    assert phone["id"] in [each["id"] for each in promise.call("ListPushDevices").json()["devices"]]
    development = {"kind": "apns", "token": "a1" * 32, "build": "development"}
    promise.call("RegisterPushDevice", development, status=409)
    promise.call("RegisterPushDevice", {"kind": "webpush", "token": "no-browser"}, status=400)
    promise.call("ForgetPushDevice", deviceId=phone["id"])
    promise.call("ForgetPushDevice", deviceId=phone["id"], status=404)


def test_a_campaign_is_drafted_approved_paused_and_cancelled(promise: Promise) -> None:
    ask = partial(promise.call, errand="operating")
    audience = {"districts": ["31"], "ageFrom": 60, "attributes": [{"name": "trade", "values": ["food"]}]}
    assert ask("PreviewAudience", {"topic": "policy", "audience": audience}).json()["count"] == 0
    said = {
        "title": "约定的检验",
        "topic": "policy",
        "audience": audience,
        "text": "约定的检验",
        "textEn": "To see that a promise is kept",
        "usefulUntil": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
    }
    key = {"Idempotency-Key": "promise-campaign-1"}
    drafted = ask("DraftCampaign", said, headers=key).json()["id"]
    assert drafted in [each["id"] for each in ask("ListCampaigns").json()["items"]]
    ask("ApproveCampaign", campaignId=drafted, status=403)
    assert ask("ReadCampaign", campaignId=drafted).json()["state"] == "DRAFT"
    because = {"reason": "约定的检验"}
    ask("PauseCampaign", because, campaignId=drafted, status=409)
    promise.call("ApproveCampaign", campaignId=drafted, errand="approving")
    ask("ResumeCampaign", because, campaignId=drafted, status=409)
    nothing = "01900000-0000-7000-8000-000000000000"
    ask("CancelCampaign", because, campaignId=nothing, status=404)


def test_an_operator_looks_at_lanes_providers_dead_letters_and_a_notice(promise: Promise) -> None:
    ask = partial(promise.call, errand="operating")
    assert [each["lane"] for each in ask("ListPushLanes").json()] == ["urgent", "normal", "bulk"]
    ask("ReadPushFigures")
    ask("ListPushProviders")
    hold = {"name": "pigeon", "hold": "automatic", "reason": "约定的检验"}
    ask("HoldBreaker", hold, status=404)
    ask("ListDeadNotices")
    assert ask("RedriveNotices", {"keys": ["0" * 64], "reason": "约定的检验"}).json() == {"count": 0}
    ask("FindNotices", {"idNumber": LIN.id_number})
    ask("ReadNoticeStory", noticeId="0" * 64, status=404)


def test_what_departments_report_is_on_a_timeline(promise: Promise) -> None:
    due = (datetime.now(UTC) + timedelta(days=10)).date().isoformat()
    payment = {"kind": "INSURANCE", "scheme": "FLEXIBLE", "dueOn": due}
    fact = {"sourceId": "promise-1", "idNumber": LIN.id_number, "facts": payment}
    said = promise.call("ReportFacts", {"items": [fact]}, errand="social").json()
    assert said["recorded"] + said["repeated"] == 1
    item = promise.call("ReadTimeline", query={"limit": "1"}).json()["items"][0]["id"]
    until = {"until": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    assert promise.call("SnoozeItem", until, itemId=item).json()["state"] == "snoozed"
    promise.call("SnoozeItem", {"until": "2020-01-01T00:00:00Z"}, itemId=item, status=400)
    assert promise.call("FinishItem", itemId=item).json()["state"] == "done"
    promise.call("DismissItem", itemId=item)
    promise.call("ReadTimeline", query={"closed": "true"})
    promise.call("ReopenItem", itemId=item)
    promise.call("FinishItem", itemId="0" * 32, status=404)


def test_machines_ask(promise: Promise) -> None:
    promise.call("Alive")
    promise.call("Ready")


def test_no_operation_was_left_out() -> None:
    """By name, so that it holds whichever worker ran which test."""
    here = Path(__file__).read_text("utf-8")

    assert [name for name in OPERATIONS if f'"{name}"' not in here] == []
