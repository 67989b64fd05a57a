"""What else the columns of a table may be called."""

from __future__ import annotations

from typing import Final

# Chinese as data
CUSTOMER: Final = {
    "firm_kind": ("firm type", "type of firm", "商家类型", "企业性质"),
    "traded_goods": ("goods", "products", "经营产品", "主营产品"),
}
