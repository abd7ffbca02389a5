"""What a request meets: routes, the platform under them, processes, pages; and the sandbox around it all."""
