"""aioapns, pointed at another address: reads one question as JSON, writes its verdict as JSON."""

import asyncio
import json
import logging
import ssl
import sys
from typing import Any
from urllib.parse import urlsplit

from aioapns import APNs, NotificationRequest
from aioapns.connection import APNsProductionClientProtocol

logging.disable()


async def send(asked: dict[str, Any]) -> object:
    """Several notices over one connection."""
    where = urlsplit(asked["url"])
    APNsProductionClientProtocol.APNS_SERVER = where.hostname
    APNsProductionClientProtocol.APNS_PORT = where.port
    client = APNs(
        key=asked["key"],
        key_id=asked["key_id"],
        team_id=asked["team_id"],
        topic=asked["topic"],
        max_connections=1,
        ssl_context=ssl.create_default_context(cafile=asked["ca"]),
    )
    verdicts = []
    for each in asked["notices"]:
        answer = await client.send_notification(
            NotificationRequest(
                device_token=each["token"],
                message={"aps": {"alert": each["alert"]}},
                notification_id=each.get("id"),
                collapse_key=each.get("collapse"),
                time_to_live=60,
            )
        )
        verdicts.append(
            {
                "status": int(answer.status),
                "reason": answer.description,
                "timestamp": answer.timestamp,
                "id": answer.notification_id,
            }
        )
    return verdicts


question = json.load(sys.stdin)
json.dump(asyncio.run(send(question)), sys.stdout)
