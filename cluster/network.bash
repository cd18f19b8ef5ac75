# shellcheck shell=bash
# Network namespaces: each node has a network of its own, 10.77.0.INDEX, joined by a bridge on this machine (10.77.0.254).
# A cut drops frames on the bridge, between nodes alone: clients on this machine still reach a node that is cut off.
#
# With two regions the second one's bridge is 10.77.1.0/24, each region's PostgreSQL has a namespace, too (.200), and what goes from
# one region to the other goes through the namespace vtag-wan (.253 in both), which delays it.
# Sourced by lib.bash.
# shellcheck disable=SC2154 # lib.bash sets cluster_* and node_*

readonly network_prefix=10.77
# The table of nftables with the cuts.
readonly network_table=vtag_cluster
readonly network_wan=vtag-wan
# The last byte of addresses that nodes do not have.
readonly network_postgres=200 network_router=253 network_machine=254

# network_address LAST_BYTE [REGION]
network_address() { printf '%s.%s.%s' "$network_prefix" $((${2:-1} - 1)) "$1"; }
network_bridge() { printf 'vtag%s' $((${1:-1} - 1)); }
network_namespace() { printf 'vtag-%s' "$1"; }
# Names of interfaces are at most 15 bytes, so it goes by index.
network_link() { printf 'vtag-%s' "$1"; }
network_postgres_space() { printf 'vtag-pg%s' "$1"; }
network_wan_link() { printf 'vtag-wan%s' "$1"; }

network_up() {
    local bridge owner region
    owner=/sys/class/net/$(network_bridge)/ifalias
    [[ ! -e $owner || $(cat "$owner") == "$cluster_dir" ]] ||
        die "the cluster in $(cat "$owner") has the network: cluster/down it first"
    for ((region = 1; region <= cluster_regions; region++)); do
        bridge=$(network_bridge "$region")
        [[ ! -e /sys/class/net/$bridge ]] || continue
        ip link add "$bridge" type bridge
        ip link set "$bridge" alias "$cluster_dir"
        ip addr add "$(network_address "$network_machine" "$region")/24" dev "$bridge"
        ip link set "$bridge" up
    done
    ((cluster_regions == 1)) || network_wan_up
}

# network_join NAMESPACE LINK LAST_BYTE REGION: a namespace and its cable to the region's bridge. A namespace without its cable is of
# a start that was cut short: made anew.
network_join() {
    [[ ! -e /run/netns/$1 || ! -e /sys/class/net/$2 ]] || return 0
    network_leave "$1" "$2"
    ip netns add "$1"
    ip link add "$2" type veth peer name eth0 netns "$1"
    ip -n "$1" addr add "$(network_address "$3" "$4")/24" dev eth0
    ip -n "$1" link set lo up
    ip -n "$1" link set eth0 up
    ip link set "$2" master "$(network_bridge "$4")" up
    ((cluster_regions == 1)) ||
        ip -n "$1" route add "$network_prefix.0.0/16" via "$(network_address "$network_router" "$4")"
}

# network_leave NAMESPACE LINK
network_leave() {
    # The cable first: the kernel drops a namespace only some time later.
    ip link del "$2" 2>/dev/null || true
    ip netns del "$1" 2>/dev/null || true
}

network_node_up() {
    load_node "$1"
    network_join "$(network_namespace "$1")" "$(network_link "$node_index")" "$node_index" "$node_region"
}

network_node_down() {
    load_node "$1"
    network_leave "$(network_namespace "$1")" "$(network_link "$node_index")"
}

network_postgres_up() {
    network_join "$(network_postgres_space "$1")" "$(network_postgres_space "$1")" "$network_postgres" "$1"
}

network_down() {
    local name region
    [[ $(cat "/sys/class/net/$(network_bridge)/ifalias" 2>/dev/null) == "$cluster_dir" ]] || return 0
    network_heal
    for name in $(node_names); do network_node_down "$name"; done
    network_wan_down
    for ((region = 1; region <= cluster_regions; region++)); do
        network_leave "$(network_postgres_space "$region")" "$(network_postgres_space "$region")"
        ip link del "$(network_bridge "$region")" 2>/dev/null || true
    done
}

# MARK: between regions

# The router between the regions. It delays by netem where the kernel has it, else by a program (cluster/delay-packets).
network_wan_up() {
    local region link half
    half=$((cluster_delay / 2))
    if [[ ! -e /run/netns/$network_wan ]]; then
        ip netns add "$network_wan"
        ip -n "$network_wan" link set lo up
        ip netns exec "$network_wan" sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 \
            net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
    fi
    for ((region = 1; region <= cluster_regions; region++)); do
        link=$(network_wan_link "$region")
        [[ ! -e /sys/class/net/$link ]] || continue
        ip link add "$link" type veth peer name "region$region" netns "$network_wan"
        ip -n "$network_wan" addr add "$(network_address "$network_router" "$region")/24" dev "region$region"
        ip -n "$network_wan" link set "region$region" up
        ip link set "$link" master "$(network_bridge "$region")" up
    done
    ((half > 0)) || return 0
    ! network_delays || return 0
    for ((region = 1; region <= cluster_regions; region++)); do
        tc -n "$network_wan" qdisc replace dev "region$region" root netem delay "${half}ms" limit 100000 2>/dev/null ||
            { network_delay_by_program "$half" && return 0; }
    done
}

# Is there something that delays already?
network_delays() { tc -n "$network_wan" qdisc show 2>/dev/null | grep -q netem || network_delayer_pid >/dev/null; }

# network_delay_by_program MILLISECONDS: what comes from a region goes to a tunnel, whose other end is a program that holds each
# packet for so long and sends it back, from where it goes on to the other region.
network_delay_by_program() {
    local region
    say "The kernel has no netem: cluster/delay-packets delays what goes between the regions."
    (
        exec 9>&-
        exec setsid ip netns exec "$network_wan" "$root/cluster/delay-packets" delay0 "$1" </dev/null \
            >>"$cluster_dir/delay-packets.log" 2>&1
    ) &
    echo $! >"$cluster_dir/delay-packets.pid"
    disown $!
    until ip -n "$network_wan" link show delay0 >/dev/null 2>&1; do
        network_delayer_pid >/dev/null || die "cluster/delay-packets has ended: $(tail -n 1 "$cluster_dir/delay-packets.log")"
        sleep 0.05
    done
    ip -n "$network_wan" link set delay0 up txqueuelen 10000
    ip -n "$network_wan" route replace default dev delay0 table 77
    for ((region = 1; region <= cluster_regions; region++)); do
        ip -n "$network_wan" rule add iif "region$region" to "$network_prefix.0.0/16" lookup 77 priority 77
    done
}

network_delayer_pid() {
    local pid
    pid=$(cat "$cluster_dir/delay-packets.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_is "$pid" "$root/cluster/delay-packets" && printf '%s' "$pid"
}

network_wan_down() {
    local pid region
    if pid=$(network_delayer_pid); then kill "$pid" 2>/dev/null || true; fi
    rm -f "$cluster_dir/delay-packets.pid"
    for ((region = 1; region <= cluster_regions; region++)); do
        ip link del "$(network_wan_link "$region")" 2>/dev/null || true
    done
    ip netns del "$network_wan" 2>/dev/null || true
}

# A region's cable to the router.
network_cut_region() { ip link set "$(network_wan_link "$1")" down; }

network_heal_regions() {
    local region
    for ((region = 1; region <= cluster_regions; region++)); do
        [[ ! -e /sys/class/net/$(network_wan_link "$region") ]] || ip link set "$(network_wan_link "$region")" up
    done
}

network_region_is_cut() {
    (($(cat "/sys/class/net/$(network_wan_link "$1")/flags" 2>/dev/null || echo 1) & 1)) && return 1
    return 0
}

# MARK: cuts between nodes

# network_cut INDEX in|out|both|link
network_cut() {
    local link
    link=$(network_link "$1")
    if [[ $2 == link ]]; then
        ip link set "$link" down
        return 0
    fi
    nft list table bridge "$network_table" >/dev/null 2>&1 || nft -f - <<TEXT
table bridge $network_table {
    set out { type ifname; }
    set in { type ifname; }
    chain forward {
        type filter hook forward priority filter; policy accept;
        iifname @out drop
        oifname @in drop
    }
}
TEXT
    [[ $2 == in ]] || nft add element bridge "$network_table" out "{ \"$link\" }"
    [[ $2 == out ]] || nft add element bridge "$network_table" in "{ \"$link\" }"
}

# How a node is cut off: "in", "out", "in out", "link", or nothing.
network_cuts() {
    local link direction cuts=""
    link=$(network_link "$1")
    for direction in in out; do
        ! nft get element bridge "$network_table" "$direction" "{ \"$link\" }" >/dev/null 2>&1 || cuts+=" $direction"
    done
    # Bit 0 of the flags: the administrator wants it up.
    (($(cat "/sys/class/net/$link/flags" 2>/dev/null || echo 1) & 1)) || cuts+=" link"
    printf '%s' "${cuts# }"
}

# Ends all cuts of one node.
network_heal_node() {
    local link cut
    link=$(network_link "$1")
    for cut in $(network_cuts "$1"); do
        case $cut in
            link) ip link set "$link" up ;;
            *) nft delete element bridge "$network_table" "$cut" "{ \"$link\" }" ;;
        esac
    done
}

# Ends all cuts.
network_heal() {
    local name
    for name in $(node_names); do
        load_node "$name"
        [[ ! -e /sys/class/net/$(network_link "$node_index") ]] || ip link set "$(network_link "$node_index")" up
    done
    nft delete table bridge "$network_table" 2>/dev/null || true
}
