"""``docker/`` without a container engine: everything in it that can be true or false is checked here."""

import fnmatch
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from bff.platform.keys import KeyRing
from bff.platform.settings import Environment, catalogue, load_settings
from tests.architecture import tree
from tests.docs.city import COMPOSE, DOCKER, PRODUCT, SERVICES, environment

KNOWN: Final = {name for setting in catalogue() for name in (setting.name, f"{setting.name}_FILE")}


def instructions(stage: str | None = None) -> list[tuple[str, str]]:
    """The Dockerfile's instructions, whole ones, of one stage or of all."""
    text = re.sub(r"^\s*#.*\n", "", (DOCKER / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    parsed = [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]
    if stage is None:
        return parsed
    start = next(
        n for n, (word, rest) in enumerate(parsed) if word == "FROM" and rest.endswith(f" AS {stage}")
    )
    end = next((n for n in range(start + 1, len(parsed)) if parsed[n][0] == "FROM"), len(parsed))
    return parsed[start:end]


# --- Dockerfile ---------------------------------------------------------------------------------------------


def test_everything_the_image_copies_is_there_and_not_ignored() -> None:
    ignore = (tree.ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = [
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from=")
        for source in shlex.split(rest)[:-1]
    ]

    assert ignore[1] == "*"
    assert [source for source in copied if not (tree.ROOT / source).exists()] == []
    assert [
        source for source in copied if not any(fnmatch.fnmatch(source, f"{name}*") for name in let_in)
    ] == []
    assert {source for source in copied if (tree.ROOT / source).is_dir()} >= set(tree.PACKAGES)


def test_the_image_runs_as_nobody_in_particular() -> None:
    runtime = dict(instructions("runtime"))

    assert runtime["USER"] == "10001:10001"
    assert json.loads(runtime["ENTRYPOINT"]) == ["suishen"]
    assert dict(instructions("sandbox"))["USER"] == "10001:10001"
    assert instructions("city")[1:] == []


def test_the_default_image_has_no_simulators() -> None:
    stages = [rest for word, rest in instructions() if word == "FROM"]
    product = [rest for word, rest in instructions("product") if word == "RUN"]

    assert stages[-1] == "runtime AS city"
    assert product[-1].startswith("rm -rf bff/sandbox ")
    assert all("sandbox" not in rest for word, rest in instructions("runtime") if word == "COPY")


def test_the_image_is_built_from_the_locks_alone() -> None:
    runs = [rest for word, rest in instructions() if word == "RUN"]

    assert [
        run for run in runs if "pip" in run and "--require-hashes" not in run and "--no-deps" not in run
    ] == []
    assert [run for run in runs if "npm" in run and "npm ci --ignore-scripts" not in run] == []


def test_every_setting_in_the_image_is_one_we_know() -> None:
    text = (DOCKER / "Dockerfile").read_text("utf-8")

    assert set(re.findall(r"\bSUISHEN_[A-Z_]+", text)) - KNOWN == set()


# --- compose.yaml -------------------------------------------------------------------------------------------


def test_every_service_says_when_it_is_well() -> None:
    assert [
        name for name, service in SERVICES.items() if name != "web" and "healthcheck" not in service
    ] == []


def test_a_city_has_three_of_mongo_and_two_of_each_of_ours() -> None:
    assert sorted(name for name in SERVICES if name.startswith("mongo-")) == ["mongo-1", "mongo-2", "mongo-3"]
    assert {name: SERVICES[name]["deploy"]["replicas"] for name in PRODUCT} == dict.fromkeys(PRODUCT, 2)


@pytest.mark.parametrize("name", [*PRODUCT, "replica-set"])
def test_our_containers_can_change_nothing_but_the_stores(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert [volume for volume in service["volumes"] if not volume.endswith(":ro")] == []


def test_only_the_balancer_is_reached_from_outside() -> None:
    made_up = [
        port
        for name, service in SERVICES.items()
        if "profiles" in service
        for port in service.get("ports", [])
    ]
    open_in_city = [
        name for name, service in SERVICES.items() if "ports" in service and "profiles" not in service
    ]

    assert open_in_city == ["balancer"]
    assert all(port.startswith("127.0.0.1:") for port in made_up)
    assert COMPOSE["networks"]["stores"]["internal"] is True


def test_the_made_up_city_and_the_real_one_share_nothing() -> None:
    def owned(*, made_up: bool, kind: str) -> set[str]:
        services = [service for service in SERVICES.values() if ("profiles" in service) is made_up]
        named = {item.split(":")[0] for service in services for item in service.get(kind, [])}
        return {name for name in named if not name.startswith("./")}

    assert owned(made_up=True, kind="volumes") & owned(made_up=False, kind="volumes") == set()
    assert owned(made_up=True, kind="networks") & owned(made_up=False, kind="networks") == {"edge"}
    assert owned(made_up=True, kind="secrets") == set()


def test_valkey_forgets_nothing() -> None:
    command = SERVICES["valkey"]["command"]
    options = dict(zip(command[2::2], command[3::2], strict=True))

    assert options == {"--appendonly": "yes", "--appendfsync": "always", "--maxmemory-policy": "noeviction"}


def test_every_secret_and_file_is_declared_and_made(secrets: Path) -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}

    assert used == set(COMPOSE["secrets"])
    assert [
        name for name, secret in COMPOSE["secrets"].items() if secret["file"] != f"./secrets/{name}"
    ] == []
    assert [name for name in used if not (secrets / name).is_file()] == []
    mounted = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if "./" in volume
    }
    assert [
        path for path in mounted if not path.startswith("./secrets/") and not (DOCKER / path).exists()
    ] == []


@pytest.mark.parametrize("name", PRODUCT)
def test_production_starts_on_the_settings_of_the_compose_file(name: str, secrets: Path) -> None:
    """Not merely known names: the loader, in production, refuses nothing."""
    settings = load_settings(environment(name, secrets))

    assert settings.platform.env is Environment.PRODUCTION
    assert KeyRing(settings.wallet.keys_dir).published().keys
    assert KeyRing(settings.health.keys_dir).published().keys
    assert KeyRing(settings.auth.token_keys_dir).published().keys


def test_secrets_are_new_each_time_and_kept_once_made(tmp_path: Path, secrets: Path) -> None:
    subprocess.run([str(DOCKER / "secrets.sh"), str(tmp_path)], check=True, capture_output=True)

    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    others = {name: (secrets / name).read_bytes() for name in made if name.name != "current"}
    assert [str(name) for name, content in others.items() if content == made[name]] == []

    subprocess.run([str(DOCKER / "secrets.sh"), str(tmp_path)], check=True, capture_output=True)
    assert {name: (tmp_path / name).read_bytes() for name in made} == made
