"""What every screen must keep to: WCAG by axe, and the sizes of the elder edition (适老化)."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Final

import axe_playwright_python
from playwright.sync_api import Page

# 《移动互联网应用（APP）适老化通用设计规范》 (MIIT, 2021): in the elder edition text of 18 dp, main hit areas
# of 60 dp and lines 1.3 apart; elsewhere hit areas of 44 dp.
_SIZES: Final = """
(elder) => {
  const least = elder ? { font: 18, hit: 60 } : { font: 12, hit: 44 };
  const wrong = [];
  const name = (element) =>
    `${element.tagName.toLowerCase()}.${element.getAttribute("class")} ` +
    JSON.stringify((element.textContent || element.id || "").trim().slice(0, 20));
  const seen = (element) => {
    if (!element.checkVisibility({ opacityProperty: false, visibilityProperty: true })) return false;
    if (element.closest(".visually-hidden, .skip, noscript, script")) return false;
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element || !seen(element)) continue;
    const style = getComputedStyle(element);
    const font = parseFloat(style.fontSize);
    if (font < least.font) wrong.push(`${name(element)} has text of ${font}px`);
    const apart = parseFloat(style.lineHeight) / font;
    if (apart < 1.3) wrong.push(`${name(element)} has lines ${apart} apart`);
  }
  for (const element of document.querySelectorAll("a[href], button, input, summary, select, textarea")) {
    if (!seen(element)) continue;
    // Whoever taps the words of a radio button has tapped the button.
    const area = (element.closest("label") ?? element).getBoundingClientRect();
    if (area.width < least.hit - 0.5 || area.height < least.hit - 0.5)
      wrong.push(`${name(element)} is ${area.width.toFixed(1)}×${area.height.toFixed(1)}px`);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) wrong.push(`the page is ${scrollWidth}px wide, the screen ${clientWidth}px`);
  return wrong;
}
"""
_AT_REST: Final = """
() => Promise.allSettled(
  document.getAnimations()
    .filter((animation) => Number.isFinite(animation.effect.getComputedTiming().endTime))
    .map((animation) => animation.finished))
"""
_STYLE: Final = [
    "color-contrast",
    "css-orientation-lock",
    "link-in-text-block",
    "meta-viewport",
    "scrollable-region-focusable",
]


def audit(page: Page, name: str, shots: Path | None = None) -> list[str]:
    """Everything wrong with the screen, in both editions.

    An edition is style and nothing else, so the screen stays as it is while it is changed, and the other
    edition is asked only what style decides.
    """
    wrong: list[str] = []
    before = page.evaluate("document.documentElement.dataset.mode")
    for mode in ("standard", "elder"):
        page.evaluate("mode => { document.documentElement.dataset.mode = mode }", mode)
        # Colours fade and rings turn: measure what comes to rest.
        page.evaluate(_AT_REST)
        wrong += [f"{name}, {mode}: {each}" for each in page.evaluate(_SIZES, mode == "elder")]
        wrong += [f"{name}, {mode}: {each}" for each in _axe(page, _STYLE if mode == "elder" else None)]
        if shots is not None:
            page.screenshot(path=shots / f"{name}-{mode}.png")
    page.evaluate("mode => { document.documentElement.dataset.mode = mode }", before)
    return wrong


class Auditor:
    """Collects what is wrong, screen by screen, so that one run tells all of it."""

    def __init__(self, locale: str) -> None:
        kept = os.environ.get("SUISHEN_SHOTS")
        self._shots = Path(kept) / locale if kept else None
        self.wrong: list[str] = []
        if self._shots:
            self._shots.mkdir(parents=True, exist_ok=True)

    def look(self, page: Page, name: str) -> None:
        """Audit the screen; and on the narrowest phone nothing may stand out."""
        self.wrong += audit(page, name, self._shots)
        before = page.viewport_size
        page.set_viewport_size({"width": 360, "height": 740})
        self.wrong += [f"{name}, 360 px: {each}" for each in _too_wide(page)]
        if before is not None:
            page.set_viewport_size(before)


def _too_wide(page: Page) -> list[str]:
    before = page.evaluate("document.documentElement.dataset.mode")
    wrong = []
    for mode in ("standard", "elder"):
        page.evaluate("mode => { document.documentElement.dataset.mode = mode }", mode)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > page.evaluate("document.documentElement.clientWidth"):
            wrong.append(f"{mode} is {wide}px wide")
    page.evaluate("mode => { document.documentElement.dataset.mode = mode }", before)
    return wrong


def _axe(page: Page, rules: list[str] | None) -> list[str]:
    """What breaks one of ``rules``; of all of them, if none are named."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_axe_source())
    found: dict[str, Any] = page.evaluate(
        "runOnly => axe.run(document, { resultTypes: ['violations'], ...(runOnly && { runOnly }) })", rules
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@cache
def _axe_source() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
