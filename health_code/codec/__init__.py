"""Bytes of health certificates, one module a format.

Pure: no clock, no chance, no network. What comes from outside is hostile until its signature holds.
"""
