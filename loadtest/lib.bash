# What the scripts here share that watch a cluster with a PostgreSQL; sourced after cluster/lib.bash.
# shellcheck shell=bash disable=SC2154 # what cluster/lib.bash sets

# Time to catch up, in seconds.
readonly catch_up_seconds_max=180

vtag() { VTAG_URL=$(node_url n1) VTAG_TOKEN=$(cat "$cluster_dir/admin.jwt") "$cluster_bin/vtag" "$@"; }

# Waits until the database has all that the cluster has; prints how many seconds that took, or how many were not enough.
catch_up() {
    local start=$SECONDS
    until [[ $(cluster_view | jq -r '[.shards[].postgres.state] | unique | join(" ")' 2>/dev/null) == current ]]; do
        ((SECONDS - start < catch_up_seconds_max)) || { printf '>%s' "$catch_up_seconds_max" && return 0; }
        sleep 0.2
    done
    printf '%s' $((SECONDS - start))
}

# How many differences a comparison finds; "?" when it cannot be made.
differences() {
    local table
    if table=$(vtag verify --postgres "$(postgres_address)" -o csv 2>>"$cluster_dir/verify.log"); then
        echo 0
    else
        awk -F, 'NR > 1 { sum += $NF } END { if (NR > 1 && sum > 0) print sum; else print "?" }' <<<"$table"
    fi
}
