"""HTTP in, HTTP out: handlers give a request its shape, call one use case, and shape the answer."""
