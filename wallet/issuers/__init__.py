"""Which certificates and scenes there are, as data; code only where data cannot say it."""
