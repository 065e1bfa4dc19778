def handle(req):
    """Greets whoever the request body names."""
    name = req.strip() or "world"
    return f"Hello, {name}!"
