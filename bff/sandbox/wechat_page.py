"""The page on which a browser chooses who signs in with the simulated WeChat."""

import html
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode

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
_CHOOSER: Final = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>模拟微信登录</title>
<style>{style}</style>
<main>
<h1>模拟微信 <span lang="en">Simulated WeChat</span></h1>
<p><strong>这不是微信。</strong>请选择由谁登录。</p>
<p lang="en"><strong>This is not WeChat.</strong> Choose who signs in.</p>
<ul>{links}</ul>
</main>
</html>
"""


def chooser(people: Mapping[str, str], query: Mapping[str, str]) -> web.Response:
    """Everybody who holds a phone, each a link back."""
    links = "".join(
        f'<li><a href="?{html.escape(urlencode({**query, "resident": key}))}">{html.escape(label)}</a></li>'
        for key, label in people.items()
    )
    return web.Response(
        text=_CHOOSER.format(style=_STYLE, links=links),
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'",
        },
    )
