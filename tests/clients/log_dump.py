def problems(*a): return []
