"""Plans one estate in pieces: no process ever holds a row per VM of all of it.

VMs that look the same are interchangeable, so planning needs few rows: how many tasks of each job
have VMs of each look. What has a row per VM is read, put in order, expanded, written and judged
piece by piece, a piece being a range of the tasks in order of job and VM. The engine is Dask.
"""
