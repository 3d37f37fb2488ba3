"""What Flower shows: runs by their id, with heartbeat, slot, outcome and worker.

Read by `celery -A worker.app flower` when it is started in this folder. State is in
memory: Flower is a window on the runs, `heartbeat history` the record.
"""

from worker.app import settings

port = settings.flower_port
address = settings.flower_host
# The task is always the same one; its id says heartbeat and slot.
tasks_columns = "uuid,state,result,worker,runtime,received,started,args"
#: Seconds. Probes take milliseconds and a model minutes; Flower's own end at 10 s.
task_runtime_metric_buckets = [0.05, 0.25, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 600.0]
max_tasks = 20_000
purge_offline_workers = 600
read_only = True
