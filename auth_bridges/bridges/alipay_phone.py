"""A phone number Alipay vouches for (``my.getPhoneNumber``), taken once."""

from auth_bridges.bridges.alipay_client import AlipayClient
from auth_bridges.codec.alipay_content import GatewayError
from auth_bridges.codec.alipay_phone import PhonePacket, open_phone_packet
from auth_bridges.codec.alipay_signatures import Distrusted
from auth_bridges.ports import Clock
from auth_bridges.refusals import PhonePacketRefused
from auth_bridges.store.packets import Packets


class AlipayPhone:
    """Opens what the mini-program passes on; Alipay puts no nonce in it, so taking it once is ours."""

    def __init__(self, client: AlipayClient, packets: Packets, clock: Clock) -> None:
        self._client = client
        self._packets = packets
        self._clock = clock

    async def phone_number(self, packet: str, session: str) -> str:
        """The number in ``packet`` with its country's, for ``session`` and for no other ever again.

        The same session may ask again: its first reply may have been lost.
        """
        try:
            opened = await self._opened(packet.encode())
        except Distrusted as doubt:
            raise PhonePacketRefused(errcode=doubt.why.value) from None
        except GatewayError as error:
            raise PhonePacketRefused(errcode=error.reason) from None
        except UnicodeEncodeError:
            raise PhonePacketRefused(errcode="reply-not-utf8") from None
        if not await self._packets.take(opened.digest, session=session, now=self._clock()):
            raise PhonePacketRefused(errcode="packet-used")
        return opened.mobile if opened.mobile.startswith("+") else f"+86{opened.mobile}"

    async def _opened(self, packet: bytes) -> PhonePacket:
        """A packet names no certificate, as a rule: it may be by one that only other processes know yet."""
        app = self._client.app
        try:
            return open_phone_packet(packet, keys=app.alipay, aes_key=app.aes_key)
        except Distrusted:
            if not await self._client.recall():
                raise
            return open_phone_packet(packet, keys=app.alipay, aes_key=app.aes_key)
