# shellcheck shell=bash
# What the scripts of this folder share: where a cluster on this machine keeps its things, how a node starts and ends.
#
# A cluster is a directory:
#   cluster.env       what it was made with
#   admin.jwt, token-key.pem, jwks.json      the token that every node takes (deploy/token-keys)
#   certs/            the cluster's own CA, a certificate for each node
#   nodes/NAME/       node.env, data/, log, pid
#   nginx/, postgres/                        when asked for; nginx-2/, postgres-2/ for a second region
# shellcheck disable=SC2034 # the scripts read these
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program="cluster/$(basename "$0")"
cluster_dir=${CLUSTER_DIR:-$root/.cluster}
# Ports are the base port plus the node's index, plus this for its peers.
readonly peer_port_offset=1000
readonly nodes_max=90
# Time for a node to stop in order, in seconds; it gives requests in progress 20.
readonly stop_seconds_max=40

# What cluster.env holds; here what a new cluster has when nothing else is asked for.
cluster_base_port=8100
cluster_shards=16
cluster_zones=1
cluster_netns=no
cluster_nginx=no
cluster_postgres=no
# With two, the second one follows the first. The delay is a packet's way there and back, in milliseconds.
cluster_regions=1
cluster_delay=80
readonly region_names=("" us-east-1 eu-west-1)
# A second region's NGINX and PostgreSQL have the first one's ports plus this.
readonly region_port_offset=500
# yes from the moment when all first nodes have served: from then on a node joins, and never founds.
cluster_founded=no
cluster_bin=$root/.build/release
cluster_flags=()
# What load_node sets.
node_index="" node_role="" node_zone="" node_http="" node_peer="" node_dir="" node_region=1

# MARK: words to the user

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$program: $*"
    exit 1
}

wrong_usage() {
    say "$program: $*; --help tells more"
    exit 64
}

# The value of an option: `directory=$(value "$@")` where $1 is the option.
value() {
    [[ $# -ge 2 && -n $2 ]] || wrong_usage "$1 needs a value"
    printf '%s' "$2"
}

# A whole number within bounds: `number --nodes 3 1 90`.
number() {
    if [[ ! $2 =~ ^(0|[1-9][0-9]{0,5})$ ]] || (($2 < $3 || $2 > $4)); then
        wrong_usage "$1: \"$2\" is not a number from $3 to $4"
    fi
    printf '%s' "$2"
}

# For scripts that take words and --dir alone: sets `words`. The caller defines `usage`.
parse_words() {
    words=()
    while (($# > 0)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --dir)
                cluster_dir=$(value "$@")
                shift
                ;;
            -*) wrong_usage "there is no option $1" ;;
            *) words+=("$1") ;;
        esac
        shift
    done
}

# MARK: the cluster

# Reads what the cluster was made with; ends the script when there is none.
load_cluster() {
    [[ -f $cluster_dir/cluster.env ]] || die "there is no cluster in $cluster_dir: cluster/up makes one"
    cluster_dir=$(cd "$cluster_dir" && pwd)
    # shellcheck disable=SC1091
    source "$cluster_dir/cluster.env"
    [[ $cluster_netns == no ]] || need_root
}

save_cluster() {
    local name
    for name in cluster_base_port cluster_shards cluster_zones cluster_netns cluster_nginx cluster_postgres \
        cluster_regions cluster_delay cluster_founded cluster_bin; do
        printf '%s=%q\n' "$name" "${!name}"
    done >"$cluster_dir/cluster.env.new"
    printf 'cluster_flags=(%s)\n' "${cluster_flags[*]@Q}" >>"$cluster_dir/cluster.env.new"
    mv "$cluster_dir/cluster.env.new" "$cluster_dir/cluster.env"
}

need_root() {
    [[ $(id -u) -eq 0 ]] || die "network namespaces need root: run it with sudo"
}

# One script at a time changes which nodes there are. Descriptor 9 is closed in everything that is started.
lock_cluster() {
    exec 9>"$cluster_dir/lock"
    flock --nonblock 9 || die "another script is at work in $cluster_dir"
}

# Names of the nodes in the order they were made; with a number those of that region.
node_names() {
    local file
    for file in "$cluster_dir"/nodes/*/node.env; do
        [[ -e $file ]] || continue
        [[ -z ${1:-} || $(sed -n 's/^node_region=//p' "$file") == "$1" ]] || continue
        printf '%s %s\n' "$(sed -n 's/^node_index=//p' "$file")" "$(basename "$(dirname "$file")")"
    done | sort -n | cut -d' ' -f2
}

node_exists() { [[ -f $cluster_dir/nodes/$1/node.env ]]; }

# Sets node_index, node_role (data, edge or follower), node_zone, node_region, node_http, node_peer, node_dir.
load_node() {
    node_exists "$1" || die "there is no node \"$1\"; there are: $(node_names | tr '\n' ' ')"
    node_dir=$cluster_dir/nodes/$1 node_region=1
    # shellcheck disable=SC1091
    source "$node_dir/node.env"
}

# make_node NAME INDEX ROLE ZONE [REGION]: writes down what it will be.
make_node() {
    local host=127.0.0.1 http=$((cluster_base_port + $2)) peer=$((cluster_base_port + peer_port_offset + $2)) region=${5:-1}
    [[ $cluster_netns == no ]] || { host=$(network_address "$2" "$region") http=8080 peer=7070; }
    mkdir -p "$cluster_dir/nodes/$1/data"
    printf 'node_index=%q\nnode_role=%q\nnode_zone=%q\nnode_http=%q\nnode_peer=%q\nnode_region=%q\n' \
        "$2" "$3" "$4" "$host:$http" "$host:$peer" "$region" >"$cluster_dir/nodes/$1/node.env"
}

node_url() {
    load_node "$1"
    if [[ $cluster_netns == yes ]]; then echo "https://$node_http"; else echo "http://$node_http"; fi
}

# The peers that a node asks to let it in: all that may hold data.
join_list() {
    local name list=""
    for name in $(node_names); do
        load_node "$name"
        [[ $node_role == data ]] && list+=",$node_peer"
    done
    printf '%s' "${list#,}"
}

# The number of a region by its name.
region_number() {
    local region
    for ((region = 1; region <= cluster_regions; region++)); do
        [[ $1 != "${region_names[region]}" ]] || { printf '%s' "$region" && return 0; }
    done
    die "there is no region \"$1\"$( ((cluster_regions == 1)) || printf '; there are %s and %s' "${region_names[1]}" "${region_names[2]}")"
}

# MARK: processes

# True while the process runs; not for one that has ended and was not yet waited for.
process_runs() {
    local state
    state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
    [[ -n $state && $state != [ZX] ]]
}

# process_is PID TEXT: does one of its arguments read TEXT? A number alone may long be another process's.
process_is() {
    process_runs "$1" && tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -Fxq -- "$2"
}

# Prints the number of the node's process; fails when it does not run.
node_pid() {
    local pid
    pid=$(cat "$cluster_dir/nodes/$1/pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_is "$pid" "$cluster_dir/nodes/$1/data" && printf '%s' "$pid"
}

node_state() {
    local pid
    pid=$(node_pid "$1") || { echo stopped && return 0; }
    if grep -q '^State:.T' "/proc/$pid/status" 2>/dev/null; then echo paused; else echo running; fi
}

node_command() {
    load_node "$1"
    command=()
    [[ $cluster_netns == no ]] || command+=(ip netns exec "$(network_namespace "$1")")
    command+=(
        "$cluster_bin/vtagd" --node-id "$1" --zone "$node_zone" --data-dir "$node_dir/data" --http "$node_http"
        --jwks "$cluster_dir/jwks.json" --log-format text
    )
    ((cluster_regions == 1)) || command+=(--region "${region_names[node_region]}")
    if [[ $node_role == follower ]]; then
        command+=(--follow-postgres "$(postgres_address vtag "$node_region")" --primary-url "$(primary_urls "$1")")
        [[ $cluster_netns == no ]] || command+=(--primary-ca "$cluster_dir/certs/ca.pem")
    else
        command+=(
            --peer "$node_peer" --join "$(join_list)"
            --peer-tls-cert "$cluster_dir/certs/$1.pem" --peer-tls-key "$cluster_dir/certs/$1.key"
            --peer-tls-ca "$cluster_dir/certs/ca.pem"
        )
        if [[ $node_role == edge ]]; then
            command+=(--edge)
        elif [[ $cluster_founded == no ]]; then
            command+=(--bootstrap-expect "$(data_node_count)" --shards "$cluster_shards")
        fi
        # Of the nodes with data those that lead a shard send its results.
        [[ $cluster_postgres == no || $node_role == edge ]] || command+=(--postgres "$(postgres_writable_address)")
    fi
    [[ $cluster_netns == no ]] ||
        command+=(--tls-cert "$cluster_dir/certs/$1-public.pem" --tls-key "$cluster_dir/certs/$1-public.key")
    # The nodes of this machine share its cores; with more event loops than cores they would wait for one another.
    [[ " ${cluster_flags[*]} " == *" --threads"* ]] || command+=(--threads "$(threads_per_node)")
    command+=("${cluster_flags[@]}")
}

# primary_urls NAME: where that node of a second region sends what only the primary region may answer: nodes of the first one, and the
# others of its own, one of which may be promoted. At most 16, which is what a node takes.
primary_urls() {
    local name list=""
    for name in $(node_names 1 | head -n 8) $(node_names 2 | head -n 8); do
        [[ $name == "$1" ]] || list+=",$(node_url "$name")"
    done
    printf '%s' "${list#,}"
}

# can_follow: does this vtagd know how a region follows another one?
can_follow() { [[ $("$cluster_bin/vtagd" --help) == *--follow-postgres* ]]; }

threads_per_node() {
    local threads=$(($(nproc) / $(node_names | wc -l)))
    echo $((threads > 0 ? threads : 1))
}

data_node_count() {
    local name count=0
    for name in $(node_names); do
        load_node "$name"
        [[ $node_role != data ]] || count=$((count + 1))
    done
    echo "$count"
}

# answers HOST:PORT: does somebody listen there?
answers() { timeout 1 bash -c "exec 3<>/dev/tcp/${1%:*}/${1##*:}" 2>/dev/null; }

# Starts the node unless it runs. It outlives the script and its terminal.
start_node() {
    local name=$1 pid end=$((SECONDS + 3))
    ! node_pid "$name" >/dev/null || return 0
    [[ -x $cluster_bin/vtagd ]] || die "$cluster_bin/vtagd is missing: cluster/up builds it"
    node_command "$name"
    # Else another process would answer for it. One that was killed may keep its port for a moment.
    while answers "$node_http"; do
        ((SECONDS < end)) || die "$node_http is taken by another process: choose another --base-port"
        sleep 0.1
    done
    rm -f "$node_dir/pid"
    mkdir -p "$node_dir/data"
    (
        exec 9>&-
        # A node takes every VTAG_ variable for a setting; those of this shell are for the command line.
        for variable in "${!VTAG_@}"; do unset "$variable"; done
        ulimit -n "$(ulimit -Hn)"
        exec setsid "${command[@]}" </dev/null >>"$node_dir/log" 2>&1
    ) &
    pid=$!
    echo "$pid" >"$node_dir/pid"
    # The shell would tell of its end.
    disown "$pid"
    # Until it is the node in name, too, or has ended already.
    while process_runs "$pid" && ! process_is "$pid" "$node_dir/data"; do sleep 0.01; done
}

# signal_node NAME SIGNAL; nothing when it does not run.
signal_node() {
    local pid
    if pid=$(node_pid "$1"); then kill "-$2" "$pid" 2>/dev/null || true; fi
}

# Waits until the nodes have ended: until_ended SECONDS NAME… Fails when time runs out.
until_ended() {
    local end=$((SECONDS + $1)) name
    shift
    for name in "$@"; do
        while node_pid "$name" >/dev/null; do
            ((SECONDS < end)) || return 1
            sleep 0.05
        done
        rm -f "$cluster_dir/nodes/$name/pid"
    done
}

# Stops nodes in order, all at once; one that does not heed is killed.
stop_nodes() {
    local name
    for name in "$@"; do
        signal_node "$name" TERM
        # One that is paused hears the signal only when it goes on.
        signal_node "$name" CONT
    done
    until_ended "$stop_seconds_max" "$@" && return 0
    for name in "$@"; do
        ! node_pid "$name" >/dev/null || say "$name does not stop in $stop_seconds_max s: killing it"
        signal_node "$name" KILL
    done
    until_ended 10 "$@" || die "some nodes do not end even when killed: the disk may hang"
}

kill_node() {
    signal_node "$1" KILL
    until_ended 10 "$1" || die "$1 does not end even when killed: the disk may hang"
}

# MARK: asking nodes

# call NAME PATH [CURL OPTION…]: asks one node's API.
call() {
    local name=$1 path=$2 url
    shift 2
    url=$(node_url "$name")
    local -a options=(--silent --fail --max-time 3 --noproxy '*')
    [[ $cluster_netns == no ]] || options+=(--cacert "$cluster_dir/certs/ca.pem")
    curl "${options[@]}" "$@" "$url$path"
}

node_ready() { call "$1" /health/ready --output /dev/null; }

# What GET /cluster says, from the first node that answers.
cluster_view() {
    local name
    for name in $(node_names); do
        [[ $(node_state "$name") == running ]] || continue
        # The token does not go into the list of processes.
        call "$name" /cluster --config <(printf 'header = "Authorization: Bearer %s"\n' "$(cat "$cluster_dir/admin.jwt")") && return 0
    done
    return 1
}

# The leader of the system group; where the answer does not name it, whoever leads most shards.
leader_name() {
    cluster_view | jq -er '.system.leader // ([.shards[].leader | select(.)] | group_by(.) | max_by(length) | .[0])' 2>/dev/null
}

# wait_ready SECONDS NAME…: with a line for each node that serves. Fails, having said why, when one ends or time runs out.
wait_ready() {
    local start=$SECONDS limit=$1 name
    local -a waiting=("${@:2}") still
    while ((${#waiting[@]} > 0)); do
        still=()
        for name in "${waiting[@]}"; do
            if node_ready "$name"; then
                say "$(printf '  %-10s ready after %d s  %s' "$name" $((SECONDS - start)) "$(node_url "$name")")"
            elif ! node_pid "$name" >/dev/null; then
                say "$program: $name has ended; its last words:"
                tail -n 15 "$cluster_dir/nodes/$name/log" >&2 || true
                return 1
            else
                still+=("$name")
            fi
        done
        waiting=("${still[@]}")
        ((${#waiting[@]} > 0)) || break
        if ((SECONDS - start >= limit)); then
            say "$program: after $limit s not ready: ${waiting[*]}; the last words of ${waiting[0]}:"
            tail -n 15 "$cluster_dir/nodes/${waiting[0]}/log" >&2 || true
            return 1
        fi
        sleep 0.2
    done
}

# MARK: certificates

# Certificates for nodes that have none; the CA stays.
make_peer_certificates() {
    local name
    local -a wanted=()
    for name in $(node_names); do
        [[ ! -e $cluster_dir/certs/$name.pem ]] || continue
        load_node "$name"
        # One that follows speaks to no peers; but the CA is made with the first certificates.
        [[ $node_role == follower ]] || wanted+=(--node "$name=${node_peer%:*}")
    done
    ((${#wanted[@]} == 0)) || "$cluster_bin/vtag" cluster certs --out "$cluster_dir/certs" "${wanted[@]}" >&2
}

# make_server_certificate NAME SUBJECT_ALTERNATIVE_NAMES: for clients, from the cluster's CA. It names no node, so it opens
# nothing between nodes.
make_server_certificate() {
    local certs=$cluster_dir/certs
    [[ ! -e $certs/$1.pem ]] || return 0
    (
        umask 077
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$certs/$1.key"
        openssl req -new -key "$certs/$1.key" -subj "/CN=$1" -out "$certs/$1.csr"
    )
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n' "$2" >"$certs/$1.ext"
    openssl x509 -req -in "$certs/$1.csr" -CA "$certs/ca.pem" -CAkey "$certs/ca.key" -days 365 -sha256 \
        -set_serial "0x$(openssl rand -hex 16)" -extfile "$certs/$1.ext" -out "$certs/$1.pem" 2>/dev/null ||
        die "the certificate $1 could not be made"
    rm -f "$certs/$1.csr" "$certs/$1.ext"
}

make_certificates() {
    local name region
    make_peer_certificates
    [[ $cluster_netns == yes ]] || return 0
    if [[ $cluster_postgres == yes ]]; then
        for ((region = 1; region <= cluster_regions; region++)); do
            make_server_certificate "postgres-$region" "IP:$(postgres_host "$region")"
        done
    fi
    for name in $(node_names); do
        load_node "$name"
        make_server_certificate "$name-public" "DNS:$name,DNS:vtag,IP:${node_http%:*}"
    done
}

# shellcheck source=cluster/network.bash
source "$root/cluster/network.bash"
# shellcheck source=cluster/nginx.bash
source "$root/cluster/nginx.bash"
# shellcheck source=cluster/postgres.bash
source "$root/cluster/postgres.bash"
