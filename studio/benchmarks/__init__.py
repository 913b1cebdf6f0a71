"""What `manage.py bench SUBJECT` measures: a module a subject, with measure(say) -> list[Table].

Figures describe the machine that they were taken on. None fails because something
is slow; `training` says beside each figure whether its limit is kept.
"""
