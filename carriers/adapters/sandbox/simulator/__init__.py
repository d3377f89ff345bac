"""The sandbox carrier itself: an HTTP server that stands for a world outside the product.

It keeps what it sold through a kill, misbehaves on request and at given rates, and knows no model
of ours. Its own time is the wall's; business times arrive in requests. The magic cities are in
`outcomes.py`, the endpoints in `server.py`.
"""
