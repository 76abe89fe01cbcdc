def show(d,n): pass
def as_json(d): pass
def protocol(d): pass
