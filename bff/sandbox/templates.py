"""The city's templates at WeChat and Alipay: by which of them reminders go out, written by its operator."""

from typing import Any, Final

import aiohttp
import msgspec

from bff.sandbox.city import CLERKS
from bff.sandbox.seed import SeedingFailed, posted

_PATIENCE: Final = aiohttp.ClientTimeout(total=60)
_PAGE: Final = "pages/open/index?to={link}"
_VACCINATION: Final = "预防接种待办事项"
"""No vaccine: whether a phone shows a message's fields while it is locked, its owner has set in WeChat."""
BOUND: Final = {
    "vaccination-due": ("SIM-vaccination", {"thing1": _VACCINATION, "date2": "{date}~{until}"}),
    "vaccination-from": ("SIM-vaccination", {"thing1": _VACCINATION, "date2": "{date}"}),
    "vaccination-overdue": ("SIM-vaccination", {"thing1": _VACCINATION, "date2": "{until}"}),
    "enrolment-window": ("SIM-enrolment", {"thing1": "{item}", "date2": "{date}~{until}"}),
    "enrolment-from": ("SIM-enrolment", {"thing1": "{item}", "date2": "{date}"}),
    "enrolment-told": ("SIM-enrolment", {"thing1": "{item}", "date2": "{date}"}),
    "enrolment-closing": ("SIM-enrolment", {"thing1": "{item}", "date2": "{until}"}),
    "credential-expiry": ("SIM-expiry", {"thing1": "{item}", "date2": "{until}"}),
    "insurance-due": ("SIM-due", {"thing1": "{item}", "date2": "{until}"}),
    "pension-due": ("SIM-due", {"thing1": "{item}", "date2": "{until}"}),
}
"""The provider's template of each reminder, and how WeChat's fields are filled; Alipay's are numbered."""


async def bring_templates(base_url: str) -> None:
    """Put in force what nobody wrote yet; done again it changes nothing."""
    async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
        clerk = next(each for each in CLERKS if "push:operate" in each.scopes)
        body = {
            "organisation": clerk.organisation,
            "clerkNumber": clerk.number,
            "passphrase": clerk.passphrase,
        }
        session = await posted(http, f"{base_url}/verifier/v1/session", body, {})
        headers = {"Authorization": f"Bearer {session['accessToken']}"}
        desk = f"{base_url}/verifier/v1/push-templates"
        async with http.get(desk, headers=headers) as reply:
            listed: list[dict[str, Any]] = msgspec.json.decode(await reply.read())
        for template in listed:
            name = template["name"]
            if template["current"] is None and name in BOUND:
                saved = await _saved(http, f"{desk}/{name}/draft", headers, _draft(name, template["shipped"]))
                await posted(http, f"{desk}/{name}/activate", {"version": saved}, headers)


def _draft(name: str, shipped: dict[str, Any]) -> dict[str, Any]:
    template_id, fields = BOUND[name]
    numbered = {f"keyword{number}": text for number, text in enumerate(fields.values(), 1)}
    return {
        "zh": shipped["zh"],
        "en": shipped["en"],
        "wechat": {"templateId": template_id, "fields": fields, "page": _PAGE},
        "alipay": {"templateId": template_id, "fields": numbered, "page": _PAGE},
    }


async def _saved(
    http: aiohttp.ClientSession, address: str, headers: dict[str, str], draft: dict[str, Any]
) -> int:
    sent = {**headers, "Content-Type": "application/json"}
    async with http.put(address, data=msgspec.json.encode(draft), headers=sent) as reply:
        text = await reply.read()
        if reply.status != 200:
            raise SeedingFailed(
                zh=f"PUT {address} 返回 {reply.status}。", en=f"PUT {address} answered {reply.status}."
            )
    return int(msgspec.json.decode(text)["saved"]["number"])
