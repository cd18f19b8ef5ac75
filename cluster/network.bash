# shellcheck shell=bash
# Network namespaces: each node has a network of its own, 10.77.0.INDEX, joined by a bridge on this machine (10.77.0.254).
# A cut drops frames on the bridge, between nodes alone: clients on this machine still reach a node that is cut off.
# Sourced by lib.bash.
# shellcheck disable=SC2154 # lib.bash sets cluster_* and node_*

readonly network_bridge=vtag0
readonly network_prefix=10.77.0
# The table of nftables with the cuts.
readonly network_table=vtag_cluster

network_address() { printf '%s.%s' "$network_prefix" "$1"; }
network_namespace() { printf 'vtag-%s' "$1"; }
# Names of interfaces are at most 15 bytes, so it goes by index.
network_link() { printf 'vtag-%s' "$1"; }

network_up() {
    local owner=/sys/class/net/$network_bridge/ifalias
    if [[ -e $owner ]]; then
        [[ $(cat "$owner") == "$cluster_dir" ]] || die "the cluster in $(cat "$owner") has the network: cluster/down it first"
        return 0
    fi
    ip link add "$network_bridge" type bridge
    ip link set "$network_bridge" alias "$cluster_dir"
    ip addr add "$(network_address 254)/24" dev "$network_bridge"
    ip link set "$network_bridge" up
}

# The node's namespace and its cable. A namespace without its cable is of a start that was cut short: made anew.
network_node_up() {
    local space link
    load_node "$1"
    space=$(network_namespace "$1") link=$(network_link "$node_index")
    [[ ! -e /run/netns/$space || ! -e /sys/class/net/$link ]] || return 0
    network_node_down "$1"
    ip netns add "$space"
    ip link add "$link" type veth peer name eth0 netns "$space"
    ip -n "$space" addr add "$(network_address "$node_index")/24" dev eth0
    ip -n "$space" link set lo up
    ip -n "$space" link set eth0 up
    ip link set "$link" master "$network_bridge" up
}

network_node_down() {
    load_node "$1"
    # The cable first: the kernel drops a namespace only some time later.
    ip link del "$(network_link "$node_index")" 2>/dev/null || true
    ip netns del "$(network_namespace "$1")" 2>/dev/null || true
}

network_down() {
    local name
    [[ $(cat "/sys/class/net/$network_bridge/ifalias" 2>/dev/null) == "$cluster_dir" ]] || return 0
    network_heal
    for name in $(node_names); do network_node_down "$name"; done
    ip link del "$network_bridge"
}

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
