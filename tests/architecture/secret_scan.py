"""Find secrets in what would be committed: ``python -m tests.architecture.secret_scan``.

There is no baseline of tolerated findings. A line that only looks like a secret says so itself, with
``pragma: allowlist secret``; a kind of file that is made of random-looking text is named below.
"""

import fnmatch
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

from tests.architecture import tree

ALLOWED: Final = (
    "requirements*.lock",  # hashes of packages
    "*package-lock.json",  # hashes of packages
    "docs/samples/city-keys.json",  # public halves
    "miniapp_schemas/generated/*",  # made from sources that are scanned
    "tests/vectors/*",  # keys published by others so that everybody can test with them
)

_PLUGINS: Final = (
    *("AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector"),
    *("GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector"),
    *("NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector"),
    *("SlackDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector"),
)
_SETTINGS: Final = {
    "plugins_used": [
        *({"name": name} for name in _PLUGINS),
        # Our ids are 128 bits in hex (entropy ≤ 4.0): only what is longer or denser is suspicious.
        {"name": "Base64HighEntropyString", "limit": 4.8},
    ],
    "filters_used": [
        {"path": "detect_secrets.filters.allowlist.is_line_allowlisted"},
        {"path": "detect_secrets.filters.heuristic.is_sequential_string"},
        {"path": "detect_secrets.filters.heuristic.is_templated_secret"},
    ],
}


class Finding(NamedTuple):
    """Where something looks like a secret, and what kind; never the secret itself."""

    path: Path
    line: int
    kind: str


def scan(paths: Iterable[Path]) -> Iterator[Finding]:
    """What looks like a secret in ``paths``."""
    with transient_settings(_SETTINGS):
        for path in paths:
            for found in scan_file(str(path)):
                yield Finding(path, found.line_number, found.type)


def candidates() -> list[Path]:
    """Every file of the repository that is not random-looking by nature."""
    return [
        path for path in tree.files() if not any(fnmatch.fnmatch(tree.name(path), kind) for kind in ALLOWED)
    ]


def main() -> int:
    """Print each finding; 1 if there is any."""
    findings = list(scan(candidates()))
    for finding in findings:
        sys.stderr.write(f"{tree.name(finding.path)}:{finding.line}: {finding.kind}\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
