#!/bin/sh
# One night of `dedup cluster --state`, for systemd, cron or Airflow; docs/how-to/nightly.md tells how to live with it.
#
# Reads CRAWL, keeps what it knows in STATE, and writes OUT/2026-11-21, a folder a night. Beside it OUT/2026-11-21.json,
# the summary; the link OUT/latest is moved when all of that is there. What is given to this script is given to dedup:
# more paths, --threads 4, --near-copies. Ends with the exit code of dedup: 0, 1, 2, 3 or 75. Removes nothing.
set -eu

: "${CRAWL:=/srv/crawl}"              # what is read; an absolute path, for articles without ids are called after it
: "${STATE:=/var/lib/dedup/state}"    # what is known, from night to night
: "${OUT:=/var/lib/dedup/nights}"     # a folder a night
: "${MEMORY:=8GB}"                    # what dedup may hold
: "${MAX_REJECTS:=}"                  # fail, and write nothing, where more rows and files cannot be read; empty: any
: "${DEDUP:=dedup}"                   # the command
: "${LOG:=$OUT/nightly.log}"          # JSON lines, appended; - is the standard error stream
: "${RETRIES:=0}"                     # how often to try again while another run holds the state
: "${RETRY_SECONDS:=600}"             # and after how long
: "${NIGHT:=}"                        # what tonight is called; empty: the date on which it began
BUSY=75

fail() {
    code=$1
    shift
    echo "nightly.sh: $*" >&2
    exit "$code"
}

empty() {
    [ -d "$1" ] && [ -z "$(find -H "$1" -mindepth 1 -print -quit)" ]
}

# What is empty may be a disk that is not mounted; a night without the state would give every cluster a new id.
# Whatever lies in CRAWL is read, so nothing may be written there.
check() {
    [ -e "$CRAWL" ] || fail 1 "there is no $CRAWL; is its disk mounted?"
    ! empty "$CRAWL" || fail 1 "$CRAWL is empty; is its disk mounted?"
    [ -d "$OUT" ] || fail 1 "there is no folder $OUT; is its disk mounted? For the first night: mkdir -p $OUT"
    [ -e "$STATE/state.json" ] || [ ! -e "$OUT/latest" ] ||
        fail 1 "$OUT holds nights, but $STATE is no state; is its disk mounted? To begin anew name a new OUT"
    inside=$(realpath "$CRAWL")
    for folder in "$STATE" "$OUT"; do
        case $(realpath -m "$folder")/ in
            "$inside"/*) fail 2 "$folder lies in $CRAWL, and whatever is there is read; name another folder" ;;
        esac
    done
    case $NIGHT in
        */* | .* | latest) fail 2 "NIGHT is the name of a folder in OUT, such as 2026-11-21, got $NIGHT" ;;
    esac
}

# A night that was begun in the last 20 hours and has not ended keeps its name, also after midnight. A second night of
# one day is 2026-11-21.2, so that the changes of the first are not replaced before somebody has read them.
name() {
    begun=$OUT/.begun
    if [ -n "$(find "$begun" -size +0 -mmin -1200 2>/dev/null)" ]; then
        cat "$begun"
        return
    fi
    today=$(date +%Y-%m-%d)
    night=$today
    number=2
    while [ -e "$OUT/$night.json" ]; do
        night=$today.$number
        number=$((number + 1))
    done
    echo "$night" >"$begun"
    echo "$night"
}

run() {
    "$DEDUP" cluster "$CRAWL" --out "$OUT/$night" --state "$STATE" --memory "$MEMORY" --log-json \
        ${MAX_REJECTS:+--max-rejects "$MAX_REJECTS"} "$@"
}

logged() {
    if [ "$LOG" = - ]; then run "$@"; else run "$@" 2>>"$LOG"; fi
}

# The summary and the link each take their place in one step; `ln -sfn` would remove the link before it makes a new one.
finish() {
    printf '%s\n' "$summary" >"$OUT/.$night.json.$$"
    mv -T "$OUT/.$night.json.$$" "$OUT/$night.json"
    ln -sfn "$night" "$OUT/.latest.$$"
    mv -T "$OUT/.latest.$$" "$OUT/latest" || { rm -f "$OUT/.latest.$$"; fail 1 "cannot move the link $OUT/latest"; }
    rm -f "$OUT/.begun"
}

check
tries=0
while :; do
    night=${NIGHT:-$(name)}
    code=0
    summary=$(logged "$@") || code=$?
    if [ "$code" -ne "$BUSY" ] || [ "$tries" -ge "$RETRIES" ]; then break; fi
    tries=$((tries + 1))
    sleep "$RETRY_SECONDS"
done
if [ "$code" -eq 0 ]; then
    finish
else
    [ "$LOG" = - ] || tail -n 1 "$LOG" >&2
    fail "$code" "dedup ended with $code, and night $night is not written; its log is $LOG"
fi
