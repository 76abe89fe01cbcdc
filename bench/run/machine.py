"""What the machine is, and what /proc says about a process on it. Reads only; decides nothing."""

import os
import pathlib
import resource
import subprocess
import time

MIB, GB = 1 << 20, 1e9


def cpu_s(pid):
    """User and system seconds of a process so far, all its threads together, to the nanosecond: Linux lets one read
    another process's CPU clock, whose number is made like this (clock_getcpuclockid)."""
    return time.clock_gettime(~pid << 3 | 2)


def rss_bytes(pid):
    return _number(pathlib.Path(f"/proc/{pid}/status"), "VmRSS:") * 1024


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def _number(path, label):
    for line in path.read_text().splitlines():
        if line.startswith(label):
            return int(line.split()[1])
    return 0


def dirty_bytes():
    path = pathlib.Path("/proc/meminfo")
    return (_number(path, "Dirty:") + _number(path, "Writeback:")) * 1024


def free_bytes():
    return _number(pathlib.Path("/proc/meminfo"), "MemFree:") * 1024


def settle(limit_s=8):
    """Waits until what the last run left to write is written: the next run shall not pay for it."""
    deadline = time.monotonic() + limit_s
    while dirty_bytes() > 64 * MIB and time.monotonic() < deadline:
        time.sleep(0.1)


def allow_many_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def steal(runs):
    """What the host of a virtual machine took away while the load ran, of all its cores' time: one fact, or none."""
    measured = [said for said in runs if "steal_s" in said and "wall_s" in said]
    wall_s = sum(said["wall_s"] for said in measured)
    if not wall_s:
        return []
    worst = max(said["steal_s"] / said["wall_s"] for said in measured) / os.cpu_count()
    share = sum(said["steal_s"] for said in measured) / wall_s / os.cpu_count()
    return [("taken away by the host (steal)", f"{share:.1%}, at worst {worst:.0%} of one phase")]


def commit(root):
    """What is measured."""
    said = subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def facts(folder):
    """What a reader must know to compare: (name, value) pairs."""
    info = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown")
    virtual = any("hypervisor" in line for line in info if line.startswith("flags"))
    memory = _number(pathlib.Path("/proc/meminfo"), "MemTotal:") * 1024
    mount = subprocess.run(["findmnt", "-n", "-o", "FSTYPE", "-T", str(folder)], capture_output=True, text=True)
    load = os.getloadavg()[0]
    return [
        ("cores", f"{os.cpu_count()} ({model}{', virtual' if virtual else ''})"),
        ("memory", f"{memory / (1 << 30):.0f} GiB"),
        ("kernel", os.uname().release.split("-")[0]),
        ("file system", mount.stdout.strip() or "unknown"),
        ("load before the run", f"{load:.2f}"),
        ("date", time.strftime("%Y-%m-%d")),
    ]
