"""What `manage.py bench SUBJECT` measures: a module a subject, with measure(say) -> list[Table].

Figures describe the machine that they were taken on. Nothing here asserts a threshold.
"""
