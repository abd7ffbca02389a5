"""One module a provider; each turns a one-time code into the provider's word on who somebody is."""
