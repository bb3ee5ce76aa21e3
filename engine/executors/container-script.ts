/**
 * @file Two POSIX shell texts around a command in a container. They work alike under every runtime: no runtime but podman
 * hands a descriptor over, none but docker always has an init, and none ends a container when its client is killed.
 */

/**
 * On the machine, as `sh -c LAUNCHER launcher FOLDER NAME N [RUNTIME COUNT FLAG...]... -- WORD...`: runs the N WORDs by the first
 * RUNTIME that is there, after its FLAGs.
 */
export const LAUNCHER = `
folder=$1 name=$2 left=$3
shift 3
rank=\${NODE_RANK:-0}
[ "$rank" = 0 ] || name=$name-$rank
box=$folder/container-$rank

fail() {
  printf '{"type":"failure","failure":{"code":"%s","message":"%s","hint":"%s"}}\\n' "$1" "$2" "$3" >&3
  exit 1
}
remove() {
  case $chosen in
    podman) podman rm -f -t 0 "$name" ;;
    docker) docker rm -f "$name" ;;
  esac >/dev/null 2>&1
}

# The flags of the first runtime that is there go behind the words, those of the others away.
chosen= wanted=
while [ "$1" != -- ]; do
  runtime=$1 count=$2 use=
  shift 2
  wanted=$wanted\${wanted:+, }$runtime
  if [ -z "$chosen" ] && command -v "$runtime" >/dev/null 2>&1; then chosen=$runtime use=1; fi
  while [ "$count" -gt 0 ]; do
    [ -z "$use" ] || set -- "$@" "$1"
    shift
    count=$((count - 1))
  done
done
shift
[ -n "$chosen" ] || fail no-container-runtime "There is no container runtime here: looked for $wanted." \\
  "Install one, or choose another with container: in the profile"
while [ "$left" -gt 0 ]; do
  set -- "$@" "$1"
  shift
  left=$((left - 1))
done

# Runtimes count the GPUs of the machine, a job those it was given: only names mean the same to both.
gpus=
case \${CUDA_VISIBLE_DEVICES-} in
  '' | -1 | NoDevFiles) ;;
  GPU-* | MIG-*) gpus=$CUDA_VISIBLE_DEVICES ;;
  *)
    gpus=$(nvidia-smi --query-gpu=index,uuid --format=csv,noheader 2>/dev/null | while IFS=', ' read -r index uuid; do
      case ,$CUDA_VISIBLE_DEVICES, in *",$index,"*) printf '%s,' "$uuid" ;; esac
    done)
    gpus=\${gpus%,}
    [ -n "$gpus" ] || fail no-gpu-names "The names of the job's GPUs could not be asked for." \\
      "See what nvidia-smi says on that machine"
    ;;
esac

# That of the machine where the engine is, it may be.
[ -d "\${XDG_RUNTIME_DIR-}" ] || unset XDG_RUNTIME_DIR
uid=$(id -u) gid=$(id -g)
case $chosen in
  podman)
    IFS=,
    for gpu in $gpus; do set -- --device "nvidia.com/gpu=$gpu" "$@"; done
    unset IFS
    [ "$uid" = 0 ] || set -- --userns=keep-id "$@"
    set -- run --replace "--name=$name" "--user=$uid:$gid" "--env=CUDA_VISIBLE_DEVICES=$gpus" "--env=WARREN_BOX=$box" "$@"
    ;;
  docker)
    user=$uid:$gid
    # Where the daemon is the user's own, its root is the user.
    [ "$uid" = 0 ] || case $(docker info -f '{{.SecurityOptions}}' 2>/dev/null) in *rootless*) user=0:0 ;; esac
    [ -z "$gpus" ] || set -- --gpus "\\"device=$gpus\\"" "$@"
    set -- run "--name=$name" "--user=$user" "--env=CUDA_VISIBLE_DEVICES=$gpus" "--env=WARREN_BOX=$box" "$@"
    # A start of this same attempt that a scheduler repeats.
    remove
    ;;
  apptainer)
    # Variables that are exported so may hold anything; its --env would split them at commas.
    while [ "$1" != exec ]; do
      case $1 in
        *=*) export "APPTAINERENV_$1" ;;
        *) eval "[ -z \\"\\\${$1+x}\\" ] || export \\"APPTAINERENV_$1=\\$$1\\"" ;;
      esac
      shift
    done
    shift
    export "APPTAINERENV_CUDA_VISIBLE_DEVICES=$gpus" "APPTAINERENV_WARREN_BOX=$box"
    [ -z "$gpus" ] || set -- --nv "$@"
    set -- exec "$@"
    ;;
esac

rm -rf "$box"
mkdir -p "$box" && mkfifo "$box/events" "$box/alive" || exit 1
# Open both ways, so that neither end waits for the other to come.
exec 5<>"$box/events" 6<>"$box/alive"
cat <"$box/events" >&3 5>&- 6>&- &
events=$!
# Whatever ends this shell closes the pipe: then the container goes, too. Unmarked, it outlives those who end marked processes.
if [ "$chosen" != apptainer ]; then
  (
    unset WARREN_ENGINE
    exec $(command -v setsid) /bin/sh -c 'read -r word || case $1 in podman) podman rm -f -t 0 "$2" ;; *) docker rm -f "$2" ;; esac' \\
      watch "$chosen" "$name"
  ) <"$box/alive" >/dev/null 2>&1 3>&- 5>&- 6>&- &
fi

# The runtime gets the group's signals itself and hands them on.
trap : TERM HUP INT USR2
"$chosen" "$@" 3>&- 5>&- 6>&- &
client=$!
while :; do
  wait "$client"
  status=$?
  kill -0 "$client" 2>/dev/null || break
done
# Docker is not told to do it: whoever asks podman as if it were docker loses the exit code with the container.
[ "$chosen $status" = 'podman 0' ] || remove
exec 5>&-
while kill -0 "$events" 2>/dev/null; do wait "$events"; done
echo done >&6
started=
[ ! -e "$box/started" ] || started=1
rm -rf "$box"
if [ -z "$started" ]; then
  case $status in
    125 | 255) fail container-failed "$chosen could not start the container." "Its own words are in the log" ;;
    126 | 127) fail no-shell-in-image "The image has no /bin/sh, which a stage in a container is started with." "Use an image that has one" ;;
  esac
fi
exit "$status"
`;

/** In the container, as \`sh -c INSIDE inside WORD...\`: an init where there is none, which hands signals on and reaps. */
export const INSIDE = `
box=$WARREN_BOX
unset WARREN_BOX
exec 3>"$box/events"
: >"$box/started"
# Only in a process table of its own does -1 mean what the stage started.
[ "$$" = 1 ] || exec "$@"
asked=
trap 'asked=1; kill -TERM -1' TERM HUP INT USR2
"$@" <&0 &
command=$!
while :; do
  wait "$command"
  status=$?
  kill -0 "$command" 2>/dev/null || break
done
# A shell that was asked to end does so at once; what it started may still be saving its state.
while [ -n "$asked" ] && kill -0 -1 2>/dev/null; do sleep 0.1 || sleep 1; done
exit "$status"
`;
