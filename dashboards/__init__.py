"""The pages people look at: Portal, Explore and Loads, served with the API on one port.

`serve` starts everything; `build_app` gives the ASGI application to whoever hosts it otherwise.
"""
