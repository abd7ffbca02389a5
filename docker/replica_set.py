"""Make three mongods one replica set, and give the platform its user. Safe to run again and again.

Runs once at every start of the compose file, in the product's own image. Reads its passwords from
files; prints what it did and never a password.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

NOT_YET_INITIALIZED: Final = 94
USER_EXISTS: Final = 51003
PATIENCE: Final = 120.0


def secret(name: str) -> str:
    """The secret in the file that the variable ``name`` points to."""
    return Path(os.environ[name]).read_text("utf-8").strip()


def await_members(members: list[str]) -> None:
    """Wait until every member answers; the set is only formed when all of them can vote."""
    deadline = time.monotonic() + PATIENCE
    for member in members:
        while True:
            try:
                with MongoClient[dict[str, Any]](
                    f"mongodb://{member}/?directConnection=true", serverSelectionTimeoutMS=1000
                ) as client:
                    client.admin.command("ping")
                    break
            except PyMongoError as error:
                if time.monotonic() > deadline:
                    sys.exit(f"{member} does not answer: {type(error).__name__}")
                time.sleep(0.5)


def form(first: str, members: list[str], credentials: str) -> None:
    """Form the set if it is not formed, and wait until it has a primary."""
    with MongoClient[dict[str, Any]](f"mongodb://{credentials}@{first}/?directConnection=true") as client:
        try:
            client.admin.command("replSetGetStatus")
            print("the set is formed already")
        except OperationFailure as failure:
            if failure.code != NOT_YET_INITIALIZED:
                raise
            config = {
                "_id": "suishen",
                "members": [{"_id": number, "host": member} for number, member in enumerate(members)],
            }
            client.admin.command("replSetInitiate", config)
            print(f"formed the set of {len(members)}")


def admit(members: list[str], credentials: str, *, database: str, password: str) -> None:
    """Let the platform read and write its own database, and nothing else."""
    everyone = ",".join(members)
    with MongoClient[dict[str, Any]](
        f"mongodb://{credentials}@{everyone}/?replicaSet=suishen&w=majority",
        serverSelectionTimeoutMS=int(PATIENCE * 1000),
    ) as client:
        roles = [{"role": "readWrite", "db": database}]
        users = client.get_database(database)
        try:
            users.command("createUser", "suishen", pwd=password, roles=roles)
            print("created the platform's user")
        except OperationFailure as failure:
            if failure.code != USER_EXISTS:
                raise
            users.command("updateUser", "suishen", pwd=password, roles=roles)
            print("the platform's user has its present password")


def main() -> None:
    """Wait, form, admit."""
    members = os.environ["MONGO_MEMBERS"].split(",")
    credentials = f"root:{quote_plus(secret('MONGO_ROOT_PASSWORD_FILE'))}"
    await_members(members)
    form(members[0], members, credentials)
    admit(
        members,
        credentials,
        database=os.environ.get("MONGO_DATABASE", "suishen"),
        password=secret("MONGO_PASSWORD_FILE"),
    )


if __name__ == "__main__":
    main()
