"""Where records are kept. Nothing here knows Store; Store alone calls it."""
