"""Two people of two organisations (双人双单位): what one of them wants counts only if the other agrees."""

from typing import Protocol

from health_code.refusals import SecondPersonNeeded


class Signer(Protocol):
    """Who puts their name to something."""

    @property
    def id(self) -> str:
        """The person."""

    @property
    def organisation(self) -> str:
        """Whom they act for; empty for nobody."""


def agree(first: Signer, second: Signer) -> None:
    """Return if ``second`` may agree to what ``first`` wants, else raise ``SecondPersonNeeded``.

    Who acts for no organisation is of nobody's side, and so can be no other side.
    """
    sides = {first.organisation, second.organisation}
    if first.id == second.id or len(sides) == 1 or "" in sides:
        raise SecondPersonNeeded


def release(first: Signer, second: Signer, third: Signer) -> None:
    """Return if ``third`` may release what the other two agreed on: nobody of the side that wanted it."""
    agree(first, third)
    if third.id == second.id:
        raise SecondPersonNeeded
