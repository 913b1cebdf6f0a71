"""A file a format. Each is a module with TITLE, SAYS, WEIGHABLE, `paths` and `files` (exporting.Format)."""
