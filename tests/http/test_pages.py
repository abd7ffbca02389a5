"""The pages over HTTP: nothing sent twice, nothing kept too long, nothing from anywhere else."""

import gzip
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from bff.pages.assets import load
from bff.pages.routes import SECURITY_HEADERS, pages_router
from bff.pages.vendor import ENTRIES, PAGES, VendorError, check_wasm, copy

SIGN_IN = "https://sign-in.city.example/wechat"
PAGES_OF_THE_CITY = ("/", "/resident/", "/clerk/")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    with TestClient(Litestar([pages_router(sign_in_url=SIGN_IN)], openapi_config=None)) as running:
        yield running


def linked(html: str) -> list[str]:
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', html)


@pytest.mark.parametrize("path", PAGES_OF_THE_CITY)
def test_a_page_and_everything_it_links_is_there_under_a_strict_policy(
    client: TestClient[Litestar], path: str
) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert "@" not in re.sub(r"<meta[^>]*>", "", page.text), "a placeholder was left"
    files = linked(page.text)
    assert files
    for answer in (page, *map(client.get, files)):
        assert answer.status_code == 200
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value
    for file in files:
        assert client.get(file).headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert "://" not in policy
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize(
    "path", [*PAGES_OF_THE_CITY, "/clerk/sw.js", "/resident/sw.js", "/resident/config.json"]
)
def test_what_has_not_changed_is_not_sent_again(client: TestClient[Litestar], path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"another"'}).status_code == 200


def test_a_file_is_sent_packed_to_those_who_can_unpack_it(client: TestClient[Litestar]) -> None:
    plain = client.get("/clerk/", headers={"Accept-Encoding": "identity"})
    packed = client.get("/clerk/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])


def test_head_says_what_get_would(client: TestClient[Litestar]) -> None:
    head, get = client.head("/clerk/"), client.get("/clerk/")
    assert head.content == b""
    assert head.headers["etag"] == get.headers["etag"]


def test_the_clerk_page_has_one_address_for_its_service_worker(client: TestClient[Litestar]) -> None:
    answer = client.get("/clerk", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "/clerk/")


def test_a_file_of_another_release_is_answered_and_not_kept(client: TestClient[Litestar]) -> None:
    ours = linked(client.get("/clerk/").text)[0]
    theirs = re.sub(r"/static/[0-9a-f]+/", "/static/0123456789ab/", ours)
    answer = client.get(theirs)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["routes.py", "vendor.py", "../cli.py", "..%2fcli.py", "clerk", "shared/wire.d.ts", "clerk/nothing.js"],
)
def test_nothing_else_of_the_package_can_be_asked_for(client: TestClient[Litestar], path: str) -> None:
    release = linked(client.get("/clerk/").text)[0].rsplit("/", 2)[0]
    assert client.get(f"{release}/{path}").status_code == 404


def test_the_sign_in_address_is_a_setting(client: TestClient[Litestar]) -> None:
    assert client.get("/resident/config.json").json() == {
        "signInUrl": SIGN_IN,
        "alipaySignInUrl": None,
        "citizenCloud": False,
        "legalPersons": False,
        "faceCheck": False,
    }


def test_the_manifest_makes_the_page_installable(client: TestClient[Litestar]) -> None:
    answer = client.get("/clerk/manifest.webmanifest")
    assert answer.headers["content-type"] == "application/manifest+json"
    manifest = json.loads(answer.text)
    assert manifest["display"] == "standalone"
    assert manifest["start_url"].startswith(manifest["scope"])
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    assert any(icon.get("purpose") == "maskable" for icon in manifest["icons"])
    for icon in manifest["icons"]:
        assert client.get(icon["src"]).headers["content-type"] == icon["type"]


@pytest.mark.parametrize(("page", "beside"), [("clerk", set[str]()), ("resident", {"shared/decoder.js"})])
def test_the_service_worker_keeps_all_a_page_needs(
    client: TestClient[Litestar], page: str, beside: set[str]
) -> None:
    worker = client.get(f"/{page}/sw.js").text
    kept = re.search(r' = "(/[^"]+)"\.split', worker)
    assert kept is not None
    shell = set(kept[1].split())
    assert {f"/{page}/", *linked(client.get(f"/{page}/").text)} <= shell
    assert any(url.endswith("/zxing_reader.wasm") for url in shell) is (page == "clerk")
    assert not any(url.endswith(("/config.json", "/sw.js")) or "/v1/" in url for url in shell)
    for url in shell:
        answer = client.get(url)
        assert answer.status_code == 200
        # Without a network nobody looks through a camera for a venue's code, and what reads it is large.
        if url.endswith((".js", ".mjs")) and not url.endswith(tuple(beside)):
            for imported in _IMPORTED.findall(answer.text):
                assert _resolved(url, imported) in shell, f"{url} imports {imported}"


# At the start of a line: what the JSDoc imports are types.
_IMPORTED = re.compile(r'^(?:import|export|\}).*? from "(\.[^"]+)"', re.MULTILINE)


def _resolved(url: str, relative: str) -> str:
    parts = url.split("/")[:-1]
    for part in relative.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def test_a_change_in_any_file_is_another_release(tmp_path: Path) -> None:
    root = tmp_path / "pages"
    shutil.copytree(PAGES, root, ignore=shutil.ignore_patterns("vendor", "__pycache__"))
    before = load(root, made={})
    (root / "shared" / "tokens.css").write_text("/* other */", encoding="utf-8")
    after = load(root, made={})
    assert before.version != after.version
    for worker in ("/clerk/sw.js", "/resident/sw.js"):
        assert before.documents[worker].etag != after.documents[worker].etag
    assert load(root, made={"shared/more.json": b"{}"}).version != after.version


# --- what is copied in ------------------------------------------------------------------------------------


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """The copies, laid out as npm would: enough of it to copy them again."""
    folder = tmp_path / "node_modules"
    for entry in ENTRIES:
        place = folder / entry.source
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PAGES / "vendor" / entry.target, place)
    return folder


def test_copies_run_and_types_lead_back_to_their_package(modules: Path, tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    copy(modules, target)
    copy(modules, target)  # again, over what is there
    assert (target / "zxing/reader/index.d.ts").read_text("utf-8") == 'export * from "zxing-wasm/reader";\n'
    check_wasm(target)


def test_webassembly_of_another_version_than_its_glue_is_refused(modules: Path, tmp_path: Path) -> None:
    wasm = modules / "zxing-wasm/dist/reader/zxing_reader.wasm"
    wasm.write_bytes(wasm.read_bytes() + b"\0")
    with pytest.raises(VendorError, match="SHA-256"):
        copy(modules, tmp_path / "vendor")


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(VendorError, match=r"lean-qr/index\.mjs.*npm ci"):
        copy(tmp_path / "node_modules", tmp_path / "vendor")


def test_the_pages_start_without_what_is_copied_in(tmp_path: Path) -> None:
    root = tmp_path / "pages"
    shutil.copytree(PAGES, root, ignore=shutil.ignore_patterns("vendor", "__pycache__"))
    assert not [name for name in load(root, made={}).static if name.startswith("vendor/")]


def test_packing_is_the_same_in_every_process() -> None:
    one, two = load(PAGES, made={}), load(PAGES, made={})
    assert one == two
    page = one.documents["/"]
    assert page.packed is not None
    assert gzip.decompress(page.packed) == page.body
