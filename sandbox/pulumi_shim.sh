#!/bin/sh
# The engine, after the shadow project has been brought up to date with the clone's settings files.
#
# Not run as it is: `sandbox.client.write_shim` puts a head before it, with root, home and engine (paths) and the functions
# guarded (compares the shell's variables, each by `same`) and freshen.
differs=
same() { [ "$2" = "$3" ] || differs="$differs $1"; }
command=
for word in "$@"; do
  case "$word" in
    up | update | preview | pre | destroy | down | dn | refresh | import) command=$word ;;
    state | stack | cancel | watch | logs | config) command=$word ;;
  esac
done
if [ -n "$command" ]; then
  guarded
  case "$(cd -P "${PULUMI_OPTION_CWD:-.}" 2>/dev/null && pwd -P)/" in
    "$(cd -P "$home" && pwd -P)"/*) ;;
    *) differs="$differs PULUMI_OPTION_CWD" ;;
  esac
  if [ -n "$differs" ]; then
    echo "pulumi: this shell is no longer the sandbox's; nothing was done" >&2
    echo "Other than 'sandbox env' set it:$differs" >&2
    echo 'Fix: a new terminal, or again: eval "$(./smos sandbox env)"' >&2
    exit 2
  fi
fi
for file in "$root"/Pulumi.yaml "$root"/Pulumi.*.yaml "$root"/hosts/Pulumi.yaml "$root"/access/Pulumi.yaml; do
  [ -e "$file" ] || continue
  seen="$home/seen/${file#"$root"/}"
  if ! [ -f "$seen" ] || ! cmp -s "$file" "$seen"; then freshen || exit $?; break; fi
done
case "${1-}" in
  up | preview | destroy | refresh | import | watch)
    pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$home/server.json" 2>/dev/null)
    if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then
      echo "pulumi: the simulated clouds of this shell do not run. Fix: '$root/smos' sandbox start" >&2
      exit 1
    fi ;;
esac
exec "$engine" "$@"
