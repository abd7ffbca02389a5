"""What a browser sees: the residents' H5, the clerks' scanner, and the door to both.

Plain ES modules and CSS, served as they lie here; only ``vendor/`` is copied in (`bff.pages.vendor`).
"""
