def handle(req):
    """Replies to one request. The body is `req`."""
    return f"Hello! You sent: {req.strip()}"
