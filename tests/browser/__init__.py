"""The pages, in a real browser, on one city for all of them."""
