"""The city's OpenID providers: 市民云 for residents, and one organisation's own sign-in for its clerks."""

from collections.abc import Mapping
from typing import Any

import aiohttp

from bff.sandbox.city import CITIZEN_CLIENT, CITIZENS, CLERK_CLIENT, CLERKS, PEOPLE, SIGNING_ON
from bff.sandbox.oidc import Client, OpenId, Realm


def openid_of_city(web_url: str) -> OpenId:
    """Its books; what the product signs with as a client is fetched from ``web_url``."""

    async def our_keys() -> Mapping[str, Any]:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http,
            http.get(f"{web_url}/callbacks/oidc/jwks.json") as answer,
        ):
            keys: dict[str, Any] = await answer.json()
            return keys

    residents = {each.key: f"{each.name} — {each.story_zh}" for each in PEOPLE if each.has_phone}
    clerks = {
        each.number: f"{each.number} — {each.story_zh}" for each in CLERKS if each.organisation == SIGNING_ON
    }
    return OpenId(
        [
            Realm(
                name=CITIZENS,
                title="市民云",
                people=residents,
                clients=[
                    Client(client_id=CITIZEN_CLIENT, redirect_uris=(f"{web_url}/resident/",), jwks=our_keys)
                ],
            ),
            Realm(
                name=SIGNING_ON,
                title="海屿市民银行统一登录",
                people=clerks,
                clients=[
                    Client(
                        client_id=CLERK_CLIENT,
                        redirect_uris=(f"{web_url}/clerk/",),
                        jwks=our_keys,
                        pushed=True,
                        logout_uri=f"{web_url}/callbacks/clerks/backchannel-logout",
                    )
                ],
            ),
        ]
    )
