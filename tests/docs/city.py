"""The city that ``docker/compose.yaml`` describes, as far as it can be read."""

from pathlib import Path
from typing import Any, Final

import yaml

from tests.architecture import tree

DOCKER: Final = tree.ROOT / "docker"
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
PRODUCT: Final = ("web", "worker", "scheduler")


def environment(service: str, secrets: Path) -> dict[str, str]:
    """What a container of ``service`` is told, its mounts found in ``secrets``."""
    places = {"/run/secrets/": f"{secrets}/"}
    for volume in SERVICES[service]["volumes"]:
        host, inside, _ = volume.split(":")
        places[inside] = str(secrets / Path(host).name)
    environ = _city_env()
    for key, value in SERVICES[service]["environment"].items():
        inside = next((place for place in places if value.startswith(place)), "")
        environ[key] = places.get(inside, "") + value.removeprefix(inside)
    return environ


def _city_env() -> dict[str, str]:
    """``city.env`` as a city would fill it in."""
    lines = (DOCKER / "city.env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
