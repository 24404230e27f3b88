#!/bin/sh
# Runs one shard of a sync: sync.sh postgresql 1/2
# It also fails if the destination reported an error: CloudQuery itself only counts those and succeeds.
set -eu
config=$(dirname "$0")
summary=$(mktemp)
trap 'rm -f "$summary"' EXIT
"${CLOUDQUERY:-cloudquery}" sync "$config/pipedrive.yml" "$config/$1.yml" --shard "$2" \
	--summary-location "$summary" --log-console --no-log-file
grep -q '"destination_errors":0[,}]' "$summary" || {
	echo "sync.sh: the destination reported errors, see above; rows may be missing" >&2
	exit 1
}
