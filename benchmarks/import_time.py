"""Import time of keras_resnets over that of Keras alone: fresh processes, in turn, as a ratio and a difference.

python benchmarks/import_time.py [RUNS]
"""

import statistics
import subprocess
import sys
import time


def seconds(module):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True, capture_output=True)
    return time.perf_counter() - start


def main(runs=7):
    seconds("keras_resnets")  # warm the disk cache and the bytecode
    pairs = [(seconds("keras"), seconds("keras_resnets")) for _ in range(runs)]
    keras, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    difference = statistics.median(b - a for a, b in pairs)
    ratio = statistics.median(b / a for a, b in pairs)
    print(
        f"keras {keras:.2f} s, keras_resnets {ours:.2f} s: {difference:+.2f} s, ratio {ratio:.2f} (medians, n = {runs})"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
