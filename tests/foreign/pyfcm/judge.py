"""pyfcm, pointed at another address: reads one question as JSON, writes its verdict as JSON."""

import json
import sys
from typing import Any

from pyfcm import FCMNotification
from pyfcm.errors import FCMError


def send(asked: dict[str, Any]) -> object:
    """Several notices with one access token."""
    client = FCMNotification(service_account_file=asked["account"], project_id=asked["project"])
    client.FCM_END_POINT_BASE = asked["url"] + "/v1/projects"
    verdicts = []
    for each in asked["notices"]:
        try:
            answer = client.notify(
                fcm_token=each["token"],
                notification_title=each["title"],
                notification_body=each["body"],
                android_config={"notification": {"tag": each["tag"]}},
            )
            verdicts.append({"name": answer["name"]})
        except FCMError as error:
            verdicts.append({"refused": type(error).__name__})
    return verdicts


question = json.load(sys.stdin)
json.dump(send(question), sys.stdout)
