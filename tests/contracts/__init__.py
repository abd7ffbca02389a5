"""The contract held against one running city."""
