"""What residents do with their own account: ways in, levels, phone, leaving. One file a use.

``Accounts`` is where handlers find them.
"""

from auth_bridges.accounts.accounts import Accounts, Outside

__all__ = ["Accounts", "Outside"]
