"""Scripts of this folder as real processes: alone, on two replicas, or as two workers on loopback."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def run_on(kind, script, *arguments, timeout=900):
    """What `script` prints when it is run with a kind of devices and `arguments`; of two workers, the first's."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    environments = [environment]
    if kind == "workers":
        environments = [environment | {"TF_CONFIG": config} for config in tf_configs(2)]
    command = [sys.executable, str(HERE / script), kind, *arguments]
    running = [
        subprocess.Popen(command, env=each, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in environments
    ]
    try:
        outputs = [process.communicate(timeout=timeout) for process in running]
    finally:
        for process in running:
            process.kill()
    assert [process.returncode for process in running] == [0] * len(running), outputs[0][1][-3000:]
    return outputs[0][0]


def tf_configs(count):
    """TF_CONFIG of each of `count` workers on free ports of this machine."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("localhost", 0))
    addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    cluster = {"worker": addresses}
    return [json.dumps({"cluster": cluster, "task": {"type": "worker", "index": k}}) for k in range(count)]
