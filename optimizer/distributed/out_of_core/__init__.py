"""Plans one estate out of core: no process ever holds a row per VM of all of it.

VMs of one signature are interchangeable, so the planner needs few rows: how many tasks of each job
have VMs of each signature. What has a row per VM is read, sorted, expanded, written and judged
partition by partition; a partition is a range of the tasks in order of job and VM. The engine is
Dask.
"""
