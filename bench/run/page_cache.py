"""Keeps the page cache as full as that of a machine that has run for days, so that nobody is measured on fresh memory.

A virtual machine gets a page from its host when it first touches it, and a balloon that reports free pages
(VIRTIO_BALLOON_F_REPORTING) gives them back soon after they were freed. Writing to the page cache cost 0.5 CPU-s/GB here
on pages that the machine had, and 2.8 on others: five times as much, by chance, for whoever comes next. Where the cache
is full, written pages take the place of old ones, which the machine has.
"""

import os
import pathlib
import tempfile

import machine

STEP = 1 << 20
SPARSE_BYTES = 8 << 40   # a file of holes: reading it takes memory, and nothing from the device
LEFT_FREE = 256 << 20
MOST = 64 << 30          # of one filling: who has more free memory than this is not short of it


class PageCache:
    def __init__(self, folder):
        self.file = tempfile.TemporaryFile(dir=folder)
        self.file.truncate(SPARSE_BYTES)
        self.offset = 0
        self.buffer = bytearray(STEP)

    def fill(self):
        """Takes what memory is free. A page of the file is read once, so that what is read is always new."""
        missing = min(machine.free_bytes() - LEFT_FREE, MOST)
        for _ in range(max(missing, 0) // STEP):
            os.preadv(self.file.fileno(), [self.buffer], self.offset)
            self.offset = (self.offset + STEP) % SPARSE_BYTES


def forget(folder):
    """Takes the files under a folder out of the page cache, without touching anybody else's."""
    os.sync()
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            file = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(file)
