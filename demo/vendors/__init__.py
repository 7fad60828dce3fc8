"""Local servers that speak two vendors' HTTP APIs, for trying out and for tests alone."""
