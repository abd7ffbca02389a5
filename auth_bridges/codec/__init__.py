"""Bytes on the wires of providers: one module a format. Pure: no network, no clock, no store."""
