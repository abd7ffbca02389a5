"""Sources that do not report but are asked: a port, one adapter over HTTP, and a breaker before each."""
