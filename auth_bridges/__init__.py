"""Who somebody is: bridges to identity providers, sessions, and what a token may say.

Handlers call ``service``; what is decided without looking anything up is in ``rules``; one provider
is one module in ``bridges``.
"""
