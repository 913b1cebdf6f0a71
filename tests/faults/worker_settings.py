"""The studio's settings with values that no installation may choose: short waits, late acknowledgement.

FAULTS_SETTINGS is a JSON object: {"DATABASES.default.OPTIONS.timeout": 0.5}.
"""

from __future__ import annotations

import json
import os
from typing import Any

from studio.settings import *  # noqa: F403

for _path, _value in json.loads(os.environ["FAULTS_SETTINGS"]).items():
    _names: list[str] = _path.split(".")
    _place: dict[str, Any] = globals()
    for _name in _names[:-1]:
        _place = _place[_name]
    _place[_names[-1]] = _value
