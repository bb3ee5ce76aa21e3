#!/bin/sh
# Runs one attempt and keeps its records: wrapper.sh FOLDER, where FOLDER/job holds `settings` and `command.sh`.
# Everything is for a plain POSIX shell. Records are written beside their place and renamed: whole or not there.
# Descriptors from 10 upwards are handed on to the command untouched: GPU leases are held by them.
folder=$1
job=$folder/job
time=0 grace=10 stdin=none
. "$job/settings"

fail() {
  printf 'warren: %s\n' "$1" >&2
  exit "$2"
}

# The part of the launcher of a stage on several nodes: once on each of them.
if [ "${2-}" = node ]; then
  exec /bin/sh "$job/command.sh" "$job" 3>>"$job/events"
fi

# One start only, whoever lost track of the first: its outputs lie in this folder.
if ! mkdir "$job/started" 2>/dev/null; then
  [ -d "$job/started" ] || fail "cannot write to $job" 74
  case ${SLURM_RESTART_COUNT:-0} in
    0) fail "this attempt has been started before: $folder" 76 ;;
  esac
  # The scheduler says itself that it starts the job again: what the first start left is not the end.
  for record in exit not-started; do
    [ ! -f "$job/$record" ] || mv -f "$job/$record" "$job/$record.before"
  done
fi

# Room for the record of the end is taken now: a disk that the command fills is an end that has to be told, too.
printf '%1023s\n' '' >"$job/exit.tmp" 2>/dev/null

# Seconds of a clock that nobody sets, in `now`.
seconds() {
  if [ -r /proc/uptime ]; then
    read -r now rest </proc/uptime
    now=${now%%.*}
  else
    now=$(date +%s)
  fi
}

# A JSON string in `quoted`, or null for what is empty or would need escapes.
quote() {
  case $1 in
    '' | *[!][A-Za-z0-9_.:,/@+=%\ -]*) quoted=null ;;
    *) quoted="\"$1\"" ;;
  esac
}

# record NAME TEXT
record() {
  printf '%s\n' "$2" >"$job/$1.tmp" && mv -f "$job/$1.tmp" "$job/$1" || printf 'warren: cannot write %s\n' "$job/$1" >&2
}

# Where the kernel counts the processes that it killed for memory: in our own control group (version 1 counts in the
# group of the process, version 2 in the groups above as well), else on the whole machine.
counter=
own_counter=
if [ -r /proc/self/cgroup ]; then
  while IFS=: read -r id controllers path; do
    case $controllers in
      '') files="/sys/fs/cgroup$path/memory.events /sys/fs/cgroup/memory.events" ;;
      memory | memory,* | *,memory | *,memory,*)
        files="/sys/fs/cgroup/memory$path/memory.oom_control /sys/fs/cgroup/memory/memory.oom_control" ;;
      *) continue ;;
    esac
    for file in $files; do
      [ -n "$counter" ] || { [ -r "$file" ] && counter=$file own_counter=1; }
    done
  done </proc/self/cgroup
fi
[ -n "$counter" ] || { [ -r /proc/vmstat ] && counter=/proc/vmstat; }
count_kills() {
  kills=0
  [ -n "$counter" ] || return 0
  while read -r name count; do
    [ "$name" != oom_kill ] || kills=$count
  done <"$counter"
}

# Without `--`, which some shells take for a number.
signal() {
  [ -z "$child" ] || kill "-$1" "-$child" 2>/dev/null || kill -s "$1" "$child" 2>/dev/null
}

# Wakes the shell below out of its `wait` after so many seconds, once.
alarm() {
  [ -z "$ticker" ] || kill "$ticker" 2>/dev/null
  (
    nap=
    trap 'kill "$nap" 2>/dev/null; exit' TERM
    trap '' HUP INT USR1 USR2
    sleep "$1" 3>&- 7>&- 9>&- &
    nap=$!
    wait "$nap" && kill -s USR1 "$$"
  ) </dev/null >/dev/null 2>&1 3>&- 7>&- 9>&- &
  ticker=$!
}

# Everything that happens by the clock: the heartbeat, the end of the time, the end of the grace.
tick() {
  seconds
  date +%s >"$job/heartbeat" 2>/dev/null
  if [ -n "$deadline" ] && [ "$now" -ge "$deadline" ]; then
    signal KILL
    killed=1
    deadline=$((now + 5))
  elif [ "$time" -gt 0 ] && [ -z "$deadline" ] && [ $((now - begun)) -gt "$time" ]; then
    over=1
    deadline=$((now + grace + 1))
    signal TERM
  fi
  pause=10
  if [ -n "$deadline" ]; then
    [ $((deadline - now)) -ge $pause ] || pause=$((deadline - now))
  elif [ "$time" -gt 0 ]; then
    # Whole seconds were cut off at both ends: a limit is passed late rather than early.
    left=$((begun + time + 1 - now))
    [ $left -ge $pause ] || pause=$left
  fi
  [ $pause -ge 0 ] || pause=0
  alarm $pause
}

ask() {
  woken=1
  seconds
  # Slurm warns up to two minutes before its own limit; a limit of the stage's own that comes by then is kept to the second.
  if [ "$1" = USR2 ] && [ "$time" -gt 0 ] && [ $((begun + time - now)) -le 120 ]; then return 0; fi
  [ -n "$asked" ] || asked=$1
  [ -n "$deadline" ] || deadline=$((now + grace + 1))
  signal TERM
  # Before its start there is nobody to wait for.
  [ -z "$child" ] || tick
}

child= ticker= asked= over= killed= deadline= woken=
seconds
begun=$now
trap 'ask TERM' TERM
trap 'ask HUP' HUP
trap 'ask INT' INT
trap 'ask USR2' USR2
trap 'woken=1; tick' USR1

count_kills
kills_before=$kills

if [ -r /proc/sys/kernel/hostname ]; then read -r host </proc/sys/kernel/hostname; else host=$(uname -n); fi
boot= born=
if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id; fi
if [ -r "/proc/$$/stat" ]; then
  read -r line <"/proc/$$/stat"
  set -f
  # The name in brackets may hold anything: fields are counted from behind it.
  set -- ${line##*) }
  set +f
  born=${20}
fi
id=${SLURM_JOB_ID:-${JOB_ID:-${PBS_JOBID:-${LSB_JOBID-}}}}
[ -z "${SLURM_ARRAY_JOB_ID-}" ] || id=${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}
quote "$host"; start="{\"host\":$quoted"
quote "${SLURMD_NODENAME-}"; start="$start,\"node\":$quoted,\"pid\":$$"
quote "$born"; start="$start,\"born\":$quoted"
quote "$boot"; start="$start,\"boot\":$quoted"
quote "$id"; start="$start,\"id\":$quoted,\"restarts\":${SLURM_RESTART_COUNT:-0}"
quote "${WARREN_GPUS:-${SLURM_JOB_GPUS-}}"; start="$start,\"gpus\":$quoted,\"at\":$(date +%s)}"
record start "$start"

# A stage that watches its stdin learns from its end that the wrapper is gone; nobody else holds the writing end.
if [ "$stdin" = open ]; then
  rm -f "$job/stdin"
  mkfifo "$job/stdin" || fail "cannot make $job/stdin" 74
  exec 8<>"$job/stdin" 7<"$job/stdin" 9>"$job/stdin" 8>&-
  rm -f "$job/stdin"
else
  exec 7</dev/null 9>/dev/null
fi

script=command.sh
[ ! -f "$job/launch.sh" ] || script=launch.sh
# A group of its own, so that all of it can be told to end.
if command -v setsid >/dev/null 2>&1; then
  setsid /bin/sh "$job/$script" "$job" <&7 >>"$job/out" 2>>"$job/err" 3>>"$job/events" 7<&- 9>&- &
  child=$!
else
  set -m
  /bin/sh "$job/$script" "$job" <&7 >>"$job/out" 2>>"$job/err" 3>>"$job/events" 7<&- 9>&- &
  child=$!
  set +m
fi
exec 7<&-
[ -z "$asked" ] || signal TERM
tick

while :; do
  woken=
  wait "$child"
  code=$?
  [ -n "$woken" ] || break
  # A signal of ours ended the wait, or came together with the end. The code of an ended child is told once or twice.
  if ! kill -0 "$child" 2>/dev/null; then
    wait "$child" 2>/dev/null
    again=$?
    [ $again -eq 127 ] || code=$again
    break
  fi
done

# What was asked to end and outlives its leader may still be saving its state.
while [ -n "$deadline" ] && [ -z "$killed" ] && kill -0 "-$child" 2>/dev/null; do
  sleep 0.1 2>/dev/null || sleep 1
done
signal KILL
trap '' TERM HUP INT USR1 USR2
kill "$ticker" 2>/dev/null

count_kills
cause=null signalled=null shown=$code
if [ $code -gt 128 ] && [ $code -lt 160 ]; then
  signalled="\"SIG$(kill -l $((code - 128)))\""
  shown=null
fi
if [ $code -ne 0 ]; then
  if [ -n "$over" ]; then
    cause='"timeout"'
  elif [ "$kills" -gt "$kills_before" ] && { [ -n "$own_counter" ] || { [ $code -eq 137 ] && [ -z "$killed" ]; }; }; then
    cause='"oom"'
  elif ! printf '%1023s\n' '' 2>/dev/null >"$job/room"; then
    cause='"disk-full"'
  fi
  rm -f "$job/room"
fi
missing=
if [ -f "$job/not-started" ]; then read -r missing <"$job/not-started"; fi
quote "$missing"; missing=$quoted
quote "$asked"
seconds
# Over what is there, without cutting it off first: blanks stay behind the record.
printf '%s' "{\"code\":$shown,\"signal\":$signalled,\"cause\":$cause,\"asked\":$quoted,\"missing\":$missing,\"seconds\":$((now - begun)),\"at\":$(date +%s)}" 1<>"$job/exit.tmp" && mv -f "$job/exit.tmp" "$job/exit" ||
  printf 'warren: cannot write %s\n' "$job/exit" >&2
exit $code
