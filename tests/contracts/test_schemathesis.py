"""The whole contract against the whole running city: what is promised is what is answered.

Data that follows the document and data that does not, as a resident, a clerk and a department. A bounded
budget; run it longer with ``ARGS=--hypothesis-seed=…`` and a larger ``max_examples``.
"""

from typing import Any, Final

import msgspec
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from bff.platform.contract import Contract
from bff.sandbox.stack import City
from tests.contracts.people import People

EXAMPLES: Final = 10
STREAMS: Final = {"FollowHealthCode", "FollowNotices"}
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    ignored_auth,
]
schema = schemathesis.openapi.from_dict(msgspec.json.decode(Contract.committed().openapi))
schema.config.generation.update(modes=list(GenerationMode))
# What is longer than any body may be is refused for its length, before anybody looks at what it says.
schema.config.checks.negative_data_rejection.expected_statuses.append("413")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_what_is_promised_is_what_is_answered(case: Case[Any], city: City, people: People) -> None:
    declared = case.operation.definition.raw
    headers: dict[str, str] = {}
    for audience in declared.get("security", [{}])[0]:
        headers = people.bearer(declared["operationId"], audience)

    # A query parameter nobody declared is passed over: it alone is nothing to be refused for.
    named = {each["name"] for each in declared.get("parameters", ()) if each["in"] == "query"}
    spared = set(case.query or {}) - named
    checks = [each for each in CHECKS if not spared or each is not negative_data_rejection]
    # A stream is heard until time is up, each time; what there is to judge is said at once.
    timeout = 1 if declared["operationId"] in STREAMS else 10
    case.call_and_validate(base_url=city.base_url, headers=headers, checks=checks, timeout=timeout)
