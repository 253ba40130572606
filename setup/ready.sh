# Sourced by ../mesh and ./with-tools, which set $root. make_ready ARGS... runs the set-up (main.mjs ARGS)
# and ends the script when that fails.

# The Node that runs the set-up: the one chosen earlier, else any Node >= 20 on the PATH.
find_runner() {
  runner=$root/.tools/bin/node
  [ -x "$runner" ] && return
  if ! runner=$(command -v node); then
    echo "Node is missing: install Node 20 or newer, with npm." >&2
    exit 1
  fi
  found=$("$runner" --version 2>/dev/null)
  case $found in
    v[2-9][0-9].* | v[1-9][0-9][0-9].*) ;;
    v[0-9]*)
      echo "Node $found is too old: install Node 20 or newer, with npm." >&2
      exit 1
      ;;
    *)
      echo "The node at $runner does not answer --version: install Node 20 or newer, with npm." >&2
      exit 1
      ;;
  esac
}

# The set-up runs in the background because a shell forwards no signal to a foreground child, and a
# set-up that is told to stop must clean up before this script ends.
make_ready() {
  find_runner
  "$runner" "$root/setup/main.mjs" "$@" &
  setup=$!
  trap 'kill -TERM "$setup" 2>/dev/null' HUP INT TERM
  while :; do
    wait "$setup"
    status=$?
    kill -0 "$setup" 2>/dev/null || break # else a signal cut the wait short
  done
  trap - HUP INT TERM
  [ "$status" -eq 0 ] || exit "$status"
}
