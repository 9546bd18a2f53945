#!/usr/bin/env bash
# Runs a command again while it ends in a way that another try can mend:
#
#   RESTARTS=20 PAUSE=10 examples/supervise.sh keras-resnets train --devices workers --workdir /shared/run
#
# 75           the run saved its state and left (SIGTERM, preemption), or lost another worker
# 134 137 143  the process was aborted, killed or terminated
# RETRY        more exit codes, e.g. RETRY="1": then a mistake in the recipe is tried again, too
#
# Any other code is the user's business and ends the loop. SIGTERM goes to the command, and no other try follows; what
# has not ended GRACE seconds later (120) is killed: a worker that still waits for the others does not hear SIGTERM.
set -uo pipefail
restarts=${RESTARTS:-20}
pause=${PAUSE:-10}
grace=${GRACE:-120}
stopped=0
child=
stop() {
    stopped=1
    [ -z "$child" ] || end_child
}
end_child() {
    kill -TERM "$child" 2>/dev/null
    (
        trap 'kill "$nap"; exit' TERM
        sleep "$grace" &
        nap=$!
        wait "$nap"
        kill -KILL "$child" 2>/dev/null
    ) &
    timer=$!
    trap 'kill "$timer" 2>/dev/null' EXIT
}
trap stop TERM INT

for ((try = 0; ; try++)); do
    "$@" &
    child=$!
    [ "$stopped" = 0 ] || end_child
    wait "$child"
    code=$?
    while kill -0 "$child" 2>/dev/null; do # a signal interrupts `wait`: what counts is how the command ends
        wait "$child"
        code=$?
    done
    case " 75 134 137 143 ${RETRY:-} " in
    *" $code "*) ;;
    *) exit "$code" ;;
    esac
    [ "$stopped" = 0 ] || exit "$code"
    if ((try >= restarts)); then
        echo "supervise: ended with $code; $restarts restarts were made, no more." >&2
        exit "$code"
    fi
    echo "supervise: ended with $code; restart $((try + 1)) of $restarts in $pause s." >&2
    sleep "$pause" &
    wait $! # unlike `sleep` itself, `wait` lets SIGTERM through
    [ "$stopped" = 0 ] || exit "$code"
done
