"""Backups of a studio: made while it is in use, checked before anything of them is put back.

PLACE/artifacts/3f/3f9c…           model files, one for all backups of this place
PLACE/20261126T011500Z/database    a consistent copy: an SQLite file, or an archive of pg_dump
                       runs.tar    curves, logs and answers of the runs
                       manifest.json   digests of all that, written last
"""
