import contextlib
class _None:
    address=None
    def forward_to(self,a): pass
@contextlib.contextmanager
def maybe(folder, name):
    yield _None()
