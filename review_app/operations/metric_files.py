"""The folder in which the processes of one server keep what they measure, and their sum.

Each process writes a file of its own (https://prometheus.github.io/client_python/multiprocess/). What a process has counted
must outlive it, or counters would run backwards; yet a file for each that ever lived would grow without end. So the file of
one that has ended is added to a common file and deleted. A lock keeps readers from seeing it in both, or in neither.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
ALIVE, FOLDING = "alive", "folding"
"""Locked by the server for as long as it runs; locked while a file is added to another."""
ENDED = 0
"""Stands for all processes that have ended; no process of ours has this number."""

log = structlog.get_logger()


@contextmanager
def metrics_folder(data_dir: Path) -> Iterator[Path]:
    """A fresh folder for one server, removed at its end; those of servers that were killed go first."""
    parent = data_dir / "metrics"
    parent.mkdir(mode=0o700, exist_ok=True)
    with ExitStack() as held:
        with _locked(parent / "making", fcntl.LOCK_EX):
            _remove_left_behind(parent)
            folder = Path(tempfile.mkdtemp(prefix="server-", dir=parent))
            held.enter_context(_locked(folder / ALIVE, fcntl.LOCK_EX))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        yield folder


def _remove_left_behind(parent: Path) -> None:
    for folder in parent.glob("server-*"):
        try:
            with _locked(folder / ALIVE, fcntl.LOCK_EX | fcntl.LOCK_NB):
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue


@contextmanager
def _locked(file: Path, how: int) -> Iterator[None]:
    """Hold a lock (flock(2)), which ends with the process at the latest."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


class Summed(Collector):
    """What the processes of a server have measured, those included that have ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def collect(self) -> Iterator[Metric]:
        """Read all files. One that was opened this moment is empty still."""
        with _locked(self.folder / FOLDING, fcntl.LOCK_SH):
            files = [str(file) for file in sorted(self.folder.glob("*.db")) if file.stat().st_size]
            yield from MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]


def measured(own: CollectorRegistry) -> Collector:
    """What was measured: by all processes if the environment names their folder, else by this one (`own`)."""
    folder = os.environ.get(VARIABLE)
    return Summed(Path(folder)) if folder else own


def fold(folder: Path, pid: int) -> None:
    """Add what a process has counted to what all that have ended did, and delete its files.

    What a killed process left half written is lost, and said in the log: the rest of its file can no longer be told apart.
    """
    with _locked(folder / FOLDING, fcntl.LOCK_EX):
        for file in folder.glob(f"*_{pid}.db"):
            try:
                _add(file, file.with_name(file.name.replace(f"_{pid}.db", f"_{ENDED}.db")))
            except (RuntimeError, struct.error, UnicodeDecodeError, IndexError):
                log.warning("metrics_unreadable", pid=pid)
            file.unlink()


def _add(file: Path, to: Path) -> None:
    """Into a copy which then takes the place of `to`: a server that is killed meanwhile has counted all of it, or nothing."""
    fresh = to.with_suffix(".new")
    if to.exists():
        shutil.copyfile(to, fresh)
    found = list(MmapedDict.read_all_values_from_file(str(file))) if file.stat().st_size else []  # type: ignore[no-untyped-call]
    sums = MmapedDict(str(fresh))  # type: ignore[no-untyped-call]
    for key, value, _, _ in found:
        before, _ = sums.read_value(key)  # type: ignore[no-untyped-call]
        sums.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
    sums.close()  # type: ignore[no-untyped-call]
    fresh.replace(to)
