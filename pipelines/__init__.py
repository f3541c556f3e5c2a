"""Every write: extraction, the build of the warehouse, its publication, and what orders them."""
