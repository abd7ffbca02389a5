"""JPush's own client, pointed at another address: reads one question as JSON, writes its verdict as JSON."""

import json
import sys
from typing import Any

import jpush
from jpush import common


def send(asked: dict[str, Any]) -> object:
    """Several notices, the same cid where one is named; ``told`` is the body the library makes of it."""
    common.ZONES["DEFAULT"]["PUSH"] = asked["url"] + "/v3/"
    client = jpush.JPush(asked["app_key"], asked["secret"])
    cids: dict[str, str] = {}
    verdicts = []
    for each in asked["notices"]:
        push = client.create_push()
        push.platform = ["android", "ios", "hmos"]
        push.audience = jpush.audience(jpush.registration_id(each["target"]))
        push.notification = {
            "android": jpush.android(alert=each["alert"], title=each["title"], extras=each["extras"]),
            "hmos": jpush.hmos(
                alert=each["alert"], title=each["title"], category="SUBSCRIPTION", extras=each["extras"]
            ),
        }
        push.options = {"time_to_live": 60, "apns_production": True}
        try:
            if "cid" in each and each["cid"] not in cids:
                cids[each["cid"]] = push.get_cid(1, "push").payload["cidlist"][0]
            push.cid = cids.get(each.get("cid", ""))
            verdicts.append({"msg_id": push.send().payload["msg_id"], "told": push.payload})
        except common.JPushFailure as error:
            verdicts.append({"refused": error.error_code})
        except common.Unauthorized:
            verdicts.append({"refused": "unauthorized"})
    return verdicts


question = json.load(sys.stdin)
json.dump(send(question), sys.stdout)
