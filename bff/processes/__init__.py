"""The processes that run a city: web, worker, scheduler."""
