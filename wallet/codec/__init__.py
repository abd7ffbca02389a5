"""Bytes on the QR and in published files, one module a format.

Pure: no clock, no chance, no network. What comes from outside is hostile until its signature holds,
and the only exceptions that leave are those of ``wallet.codec.errors``.
"""
