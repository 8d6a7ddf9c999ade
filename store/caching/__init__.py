"""The caching layer: `Store.cached` and all that stands behind it, imported when it is first used."""
