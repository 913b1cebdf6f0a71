"""Write run.txt, test.txt and gpu.txt, hash-pinned, from the .in files beside this one.

    python studio/requirements/lock.py        needs `uv` on the PATH

The lists carry no registry address, so that a mirror or an air-gapped wheel folder serves as well.
torch and what only its CUDA build pulls in are left out: manage.py installs torch by exact version and
lets the machine choose the build (docs/decisions/0003-one-lock-torch-apart.md).
"""

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
TORCH_AND_ITS_CUDA_PARTS = re.compile(r"^(torch|triton|nvidia-[\w-]+|cuda-[\w-]+)==")


def compile_list(name: str) -> str:
    command = ["uv", "pip", "compile", "--universal", "--generate-hashes", "--python-version", "3.11"]
    command += ["--no-header", "--no-annotate", "--quiet", f"{name}.in"]
    if name == "gpu":  # gpu.in says why
        command.append("--no-deps")
    return subprocess.run(command, cwd=HERE, check=True, capture_output=True, text=True).stdout


def requirements(text: str) -> list[str]:
    """One entry a requirement: its line and the `--hash` lines that belong to it."""
    return [entry for entry in re.split(r"(?m)^(?=[A-Za-z0-9])", text) if entry.strip()]


def main() -> None:
    for name in ("run", "test", "gpu"):
        kept = [e for e in requirements(compile_list(name)) if not TORCH_AND_ITS_CUDA_PARTS.match(e)]
        (HERE / f"{name}.txt").write_text("".join(kept))
        print(f"{name}.txt: {len(kept)} packages")


if __name__ == "__main__":
    main()
