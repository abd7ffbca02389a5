"""The first screen: which blocks it has, and where each comes from."""

from typing import Final

from auth_bridges.acting import ActingService, acting_for
from bff.platform.blocks import Blocks, BlockSource
from bff.platform.identity import Principal
from miniapp_schemas.assurance import AssuranceLevel
from push.inbox import Inbox
from push.timeline import Timeline, Viewer
from wallet.service import Wallet

_CARDS: Final = 12
_USES: Final = 3
_ITEMS: Final = 3
_NOTICES: Final = 3


def register_blocks(
    blocks: Blocks, *, wallet: Wallet, acting: ActingService, inbox: Inbox, timeline: Timeline
) -> None:
    """Tell ``blocks`` where each part of the first screen comes from."""

    async def certificates(principal: Principal) -> object:
        return await wallet.credentials(principal.holder or "", after=None, limit=_CARDS)

    async def recent_uses(principal: Principal) -> object:
        return await wallet.usages(principal.holder or "", before=None, limit=_USES)

    async def account(principal: Principal) -> object:
        return {"assurance": principal.assurance}

    async def may_act(principal: Principal) -> object:
        own = principal.holder if principal.acting is None else None
        return [acting_for(grant) for grant in await acting.may_act(principal.subject, own)]

    async def notices(principal: Principal) -> object:
        return await inbox.page(principal.subject, topic=None, before=None, limit=_NOTICES)

    async def due(principal: Principal) -> object:
        whom = None if principal.acting is None else principal.acting.whom
        return await timeline.next(Viewer(resident=principal.subject, acting_for=whom), limit=_ITEMS)

    blocks.register(BlockSource(name="account", load=account, required=True))
    blocks.register(
        BlockSource(
            name="certificates",
            load=certificates,
            required=True,
            assurance=AssuranceLevel.L2,
            scope="wallet:read",
        )
    )
    blocks.register(
        BlockSource(name="recentUses", load=recent_uses, assurance=AssuranceLevel.L2, scope="wallet:read")
    )

    blocks.register(BlockSource(name="notices", load=notices))
    blocks.register(BlockSource(name="acting", load=may_act, assurance=AssuranceLevel.L2))
    blocks.register(BlockSource(name="timeline", load=due, assurance=AssuranceLevel.L2))
