"""A tap between a client and its broker: everything is passed on, and a few small frames of each kind are noted.

The frames are golden input for a decoder: what real clients send, and what Apache Kafka answers. `CLIENT.frames` has a line for each:
`request|response API_KEY API_VERSION HEX`; the hex is a whole frame, header included, without its size. For that the broker must
advertise the tap's address, so the runner starts it so.
"""

import collections
import contextlib
import pathlib
import socket
import struct
import threading

import broker

SMALL = 2048      # bytes of a frame worth keeping; of a kind without any such, the smallest is kept
LARGEST = 16384   # ... unless it is beyond this
PER_KIND = 3      # frames kept of each (request or response, API, version)
CANDIDATES = 300  # frames remembered of each, to choose from


@contextlib.contextmanager
def maybe(folder, name):
    """Lends a tap that writes its frames at the end, or without a folder one that is not there."""
    if not folder:
        yield _NoTap()
        return
    tap = Tap()
    try:
        yield tap
    finally:
        tap.close()
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.frames").write_text("".join(f"{line}\n" for line in tap.lines()))


class _NoTap:
    address = None

    def forward_to(self, address):
        pass


class Tap:
    def __init__(self):
        self.address = f"127.0.0.1:{broker.free_port()}"
        self.target = None
        self.frames = collections.defaultdict(dict)  # (kind, key, version) to {frame without its correlation id: frame}
        self.lock = threading.Lock()
        self.listener = socket.create_server(_split(self.address))
        threading.Thread(target=self._accept, daemon=True).start()

    def forward_to(self, address):
        self.target = _split(address)

    def close(self):
        self.listener.close()

    def lines(self):
        """The smallest, a middle and the largest of the small frames of each kind."""
        with self.lock:
            for kind, key, version in sorted((kind for kind in self.frames if self.frames[kind]), key=lambda kind: (kind[1], kind[2], kind[0])):
                frames = sorted(self.frames[kind, key, version].values(), key=lambda frame: (len(frame), frame))
                frames = [frame for frame in frames if len(frame) <= SMALL] or frames[:1]
                chosen = {frames[i * (len(frames) - 1) // (PER_KIND - 1)] for i in range(PER_KIND)}
                for frame in sorted(chosen, key=lambda frame: (len(frame), frame)):
                    yield f"{kind} {key} {version} {frame.hex()}"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError, struct.error):
            upstream = socket.create_connection(self.target)
            for end in (client, upstream):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked = {}  # correlation id to (key, version); an unanswered Produce stays
            with upstream:
                answers = threading.Thread(target=self._pass_on, args=(upstream, client, self._response, asked), daemon=True)
                answers.start()
                self._pass_on(client, upstream, self._request, asked)
                answers.join()

    @staticmethod
    def _pass_on(source, sink, note, asked):
        with contextlib.suppress(OSError, struct.error), source.makefile("rb") as stream:
            while size := stream.read(4):
                frame = stream.read(*struct.unpack(">i", size))
                note(frame, asked)
                sink.sendall(size + frame)
        for end in (source, sink):  # either side's end is the other's
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _request(self, frame, asked):
        key, version, correlation = struct.unpack_from(">hhi", frame)
        asked[correlation] = (key, version)
        self._keep("request", key, version, frame[:4] + frame[8:], frame)

    def _response(self, frame, asked):
        (correlation,) = struct.unpack_from(">i", frame)
        if kind := asked.pop(correlation, None):
            self._keep("response", *kind, frame[4:], frame)

    def _keep(self, kind, key, version, identity, frame):
        with self.lock:
            known = self.frames[kind, key, version]
            if len(frame) <= LARGEST and len(known) < CANDIDATES:
                known.setdefault(identity, frame)


def _split(address):
    host, _, port = address.rpartition(":")
    return host, int(port)
