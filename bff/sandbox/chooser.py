"""The page of a simulated provider on which a person says who holds the phone, or how something ended."""

import html
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode, urlsplit

from aiohttp import web

_STYLE: Final = """
body { margin: 0; color: #16202e; background: #eef3ee; font: 16px/1.55 system-ui, "PingFang SC",
  "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif }
body::before { content: ""; display: block; height: 10px;
  background: repeating-linear-gradient(-45deg, #f6c445 0 14px, #2a2a2a 14px 28px) }
main { max-width: 30rem; margin: 0 auto; padding: 20px 16px 40px }
h1 { margin: 8px 0 12px; font-size: 22px; line-height: 1.35 }
p { margin: 4px 0 }
strong { color: #8a1f11 }
ul { display: grid; gap: 10px; margin: 20px 0 0; padding: 0; list-style: none }
a { display: flex; align-items: center; min-height: 60px; padding: 10px 18px; border-radius: 14px;
  border-left: 6px solid #08723f; background: #fff; color: #16202e; font-size: 17px; text-decoration: none;
  box-shadow: 0 2px 10px rgb(22 32 46 / 8%) }
a:focus-visible { outline: 3px solid #08723f; outline-offset: 2px }
"""
_STYLE_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>模拟{zh}</title>
<style>{style}</style>
<main>
<h1>模拟{zh} <span lang="en">Simulated {en}</span></h1>
<p><strong>这不是{zh}。</strong>{ask_zh}</p>
<p lang="en"><strong>This is not {en}.</strong> {ask_en}</p>
<ul>{links}</ul>
</main>
</html>
"""
SIGN_IN: Final = ("请选择由谁登录。", "Choose who signs in.")


def chooser(
    provider: tuple[str, str], ask: tuple[str, str], choices: Mapping[str, str], *, path: str = ""
) -> web.Response:
    """A page of links, each a query and what it says; ``provider`` and ``ask`` in Chinese and in English."""
    links = "".join(
        f'<li><a href="{html.escape(f"{path}?{query}")}">{html.escape(label)}</a></li>'
        for query, label in choices.items()
    )
    zh, en = map(html.escape, provider)
    ask_zh, ask_en = ask
    return web.Response(
        text=_PAGE.format(zh=zh, en=en, ask_zh=ask_zh, ask_en=ask_en, style=_STYLE, links=links),
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'",
        },
    )


def back_to(request: web.Request, address: str) -> str:
    """``address``, if it is a page of this machine: a code is a way in, and goes nowhere else."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or parts.hostname != request.url.host:
        raise web.HTTPBadRequest(text="redirect_uri must be on this host")
    return address


def with_code(address: str, fragment: Mapping[str, str]) -> web.HTTPSeeOther:
    """Back to ``address`` with what it waits for, where no server and no history sees it."""
    return web.HTTPSeeOther(
        f"{address.partition('#')[0]}#{urlencode(fragment)}",
        headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"},
    )
