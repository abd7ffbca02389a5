"""The interfaces of GB/T 38963 are there, under its names."""

import re
from typing import Any, Final

import msgspec

from tests.architecture import tree

PAGE: Final = (tree.ROOT / "docs" / "health-code-standards.md").read_text("utf-8")
CONTRACT: Final[dict[str, Any]] = msgspec.json.decode(
    (tree.ROOT / "miniapp_schemas" / "generated" / "openapi.json").read_bytes()
)
SUMMARIES: Final = {
    operation["operationId"]: operation["summary"]
    for path in CONTRACT["paths"].values()
    for operation in path.values()
    if isinstance(operation, dict)
}
ROWS: Final = dict(re.findall(r"^\| (\S+) \| (`[A-Z].*?`) \| `", PAGE, re.MULTILINE))


def test_each_of_the_seven_interfaces_is_an_operation_that_says_its_name() -> None:
    assert list(ROWS) == [
        "用户健康信息申报",
        "用户行程申报",
        "用户健康信息查询",
        "健康码调用申请",
        "健康码制码请求",
        "健康码验码请求",
        "用户健康信息纠错",
    ]
    for name, operations in ROWS.items():
        short = name.removeprefix("用户")
        for operation in re.findall(r"`(\w+)`", operations):
            assert {short, short.removeprefix("健康码"), short.removeprefix("健康")} & set(
                re.findall(r"[一-鿿]+", SUMMARIES[operation])
            ), operation
