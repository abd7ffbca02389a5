"""What the directory says of organisations and clerks, and what a change of it takes from whoever is in."""

from auth_bridges.models import Clerk, Organisation, Standing


def in_service(clerk: Clerk, employer: Organisation) -> bool:
    """Whether the clerk may begin a shift, as far as the directory says."""
    return clerk.standing is Standing.ACTIVE and employer.standing is Standing.ACTIVE


def lost_a_key(before: Organisation, now: Organisation) -> bool:
    """Whether a department may not sign in by some key any more by which it could."""
    return any(key not in now.keys for key in before.keys)


def same_sign_on(before: Organisation, now: Organisation) -> bool:
    """Whether clerks still sign in where they did, if their organisation had a provider of its own."""
    if before.sso is None:
        return True
    there = before.sso.issuer, before.sso.client_id
    return now.sso is not None and there == (now.sso.issuer, now.sso.client_id)
