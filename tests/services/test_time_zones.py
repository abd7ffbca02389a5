"""Where the machine is makes no difference: what has to do with time, run again in each zone."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow
ROOT: Final = Path(__file__).parents[2]
TIMED: Final = (
    *("rules/test_auth_acting.py", "rules/test_auth_assurance.py", "rules/test_auth_sessions.py"),
    *("rules/test_auth_tokens.py", "rules/test_certificates.py", "rules/test_openid_tokens.py"),
    *(
        "rules/test_policy.py",
        "rules/test_validity.py",
        "services/test_acting.py",
        "services/test_sessions.py",
    ),
)


# Where containers run, and where the city is; the suite itself runs in one more, or in one of the two.
ZONES: Final = {"UTC": 0, "Asia/Shanghai": -28_800}


@pytest.mark.parametrize("zone", [zone for zone, offset in ZONES.items() if offset != time.timezone])
def test_what_has_to_do_with_time_holds_in_every_zone(zone: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"--basetemp={tmp_path / 'run'}", *(f"tests/{name}" for name in TIMED)),
        ],
        cwd=ROOT,
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
