# shellcheck shell=bash
# The cluster's own PostgreSQL, which its nodes write their results to: a primary on the base port + 432, and with two regions a
# physical streaming replica in the second one. Every function's REGION is 1 where it is left out. Sourced by lib.bash.
# shellcheck disable=SC2154 # lib.bash sets cluster_*

readonly postgres_port_offset=432
readonly postgres_seconds_max=60
# The replica's slot: what it has not yet taken stays with the primary, up to a limit.
readonly postgres_slot_kept=4GB

postgres_port() { printf '%s' $((cluster_base_port + postgres_port_offset + (${1:-1} - 1) * region_port_offset)); }

postgres_folder() { if ((${1:-1} == 1)); then printf '%s/postgres' "$cluster_dir"; else printf '%s/postgres-%s' "$cluster_dir" "$1"; fi; }

# Where nodes reach it: from their namespaces over the bridge, with two regions in a namespace of its own.
postgres_host() {
    if [[ $cluster_netns == no ]]; then
        printf '127.0.0.1'
    elif ((cluster_regions == 1)); then
        network_address "$network_machine"
    else
        network_address "$network_postgres" "${1:-1}"
    fi
}

# postgres_address [DATABASE [REGION]]: how its owner connects; the password is in a file, so that no list of processes shows it.
postgres_address() {
    printf 'host=%s port=%s dbname=%s user=vtag passfile=%s%s' "$(postgres_host "${2:-1}")" "$(postgres_port "${2:-1}")" \
        "${1:-vtag}" "$cluster_dir/postgres/password" "$(postgres_trust)"
}

# How nodes connect that write: with two regions to the server that takes writes, whichever that is.
postgres_writable_address() {
    ((cluster_regions > 1)) || { postgres_address && return 0; }
    printf 'host=%s,%s port=%s,%s dbname=vtag user=vtag passfile=%s target_session_attrs=read-write%s' "$(postgres_host 1)" \
        "$(postgres_host 2)" "$(postgres_port 1)" "$(postgres_port 2)" "$cluster_dir/postgres/password" "$(postgres_trust)"
}

# Off loopback its certificate is verified.
postgres_trust() { [[ $cluster_netns == no ]] || printf ' sslmode=verify-full sslrootcert=%s' "$cluster_dir/certs/ca.pem"; }

# A program of PostgreSQL: Debian keeps them out of the PATH.
postgres_program() {
    local folder
    for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -Vr); do
        [[ ! -x $folder/$1 ]] || { printf '%s' "$folder/$1" && return 0; }
    done
    command -v "$1" || die "there is no $1: apt-get install postgresql-15"
}

# Runs a command as somebody other than root, whom PostgreSQL refuses.
as_postgres() {
    if [[ $(id -u) -eq 0 ]]; then
        setpriv --reuid postgres --regid postgres --clear-groups env HOME=/nonexistent "$@" 9>&-
    else
        "$@" 9>&-
    fi
}

# postgres_in REGION COMMAND…: as that user, where the region's server has its network.
postgres_in() {
    local -a place=()
    if [[ $cluster_netns == yes ]] && ((cluster_regions > 1)); then place=(ip netns exec "$(network_postgres_space "$1")"); fi
    if [[ $(id -u) -eq 0 ]]; then
        "${place[@]}" setpriv --reuid postgres --regid postgres --clear-groups env HOME=/nonexistent "${@:2}" 9>&-
    else
        "${@:2}" 9>&-
    fi
}

# Prints the number of the server's process; fails when it does not run.
postgres_pid() {
    local pid folder
    folder=$(postgres_folder "${1:-1}")
    pid=$(head -n 1 "$folder/data/postmaster.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_is "$pid" "$folder/data" && printf '%s' "$pid"
}

# An empty folder that the server may enter.
postgres_make_folder() {
    rm -rf "$1"
    mkdir -m 700 "$1"
    [[ $(id -u) -ne 0 ]] || chown postgres:postgres "$1"
    as_postgres test -x "$1" || die "PostgreSQL may not enter $1: choose a directory that everybody may pass, with --dir"
}

# What differs from server to server, last in the file: the last line counts.
postgres_settings() {
    local folder
    folder=$(postgres_folder "$1")
    cat <<TEXT

# Written by cluster/up.
listen_addresses = '$(postgres_host "$1")'
port = $(postgres_port "$1")
unix_socket_directories = ''
TEXT
    ((cluster_regions == 1)) || printf "cluster_name = '%s'\n" "${region_names[$1]}"
    [[ $cluster_netns == no ]] || printf "ssl = on\nssl_cert_file = '%s'\nssl_key_file = '%s'\n" "$folder/server.pem" "$folder/server.key"
}

# The server's certificate, where it has one; its key must be the server's own.
postgres_install_certificate() {
    local folder
    [[ $cluster_netns == yes ]] || return 0
    folder=$(postgres_folder "$1")
    install -m 600 "$cluster_dir/certs/postgres-$1.pem" "$folder/server.pem"
    install -m 600 "$cluster_dir/certs/postgres-$1.key" "$folder/server.key"
    install -m 600 "$cluster_dir/certs/ca.pem" "$folder/ca.pem"
    [[ $(id -u) -ne 0 ]] || chown postgres:postgres "$folder/server.pem" "$folder/server.key" "$folder/ca.pem"
}

postgres_make() {
    local folder=$cluster_dir/postgres range
    say "Making PostgreSQL's data directory …"
    postgres_make_folder "$folder"
    (umask 077 && openssl rand -hex 24 >"$folder/secret")
    [[ $(id -u) -ne 0 ]] || chown postgres:postgres "$folder/secret"
    postgres_install_certificate 1
    # Checksums tell damage, and let pg_rewind make a replica of a former primary.
    as_postgres "$(postgres_program initdb)" -D "$folder/data" -U vtag -A scram-sha-256 --pwfile="$folder/secret" -E UTF8 \
        --locale=C.UTF-8 --data-checksums >"$folder.log" 2>&1 || die "initdb failed: $(tail -n 3 "$folder.log")"
    rm "$folder.log"
    {
        postgres_settings 1
        cat <<TEXT
shared_buffers = 256MB
max_wal_size = 4GB
# For replicas. A slot that falls further behind is given up: its replica is made anew, rather than the disk filled.
wal_level = replica
max_wal_senders = 10
max_slot_wal_keep_size = $postgres_slot_kept
# A former primary is brought back from the log as of where the two parted, if it is still there.
wal_keep_size = 512MB
# Rows that a query on the replica still reads stay.
hot_standby_feedback = on
TEXT
    } >>"$folder/data/postgresql.conf"
    # What connects with a password comes from this machine, or from the networks of its namespaces.
    range=$(postgres_host)/24
    ((cluster_regions == 1)) || [[ $cluster_netns == no ]] || range=$network_prefix.0.0/16
    printf 'host all all %s scram-sha-256\nhost replication all %s scram-sha-256\n' "$range" "$range" >"$folder/data/pg_hba.conf"
    (umask 077 && printf '*:*:*:vtag:%s\n' "$(cat "$folder/secret")" >"$folder/password")
    rm "$folder/secret"
}

# postgres_base_backup REGION FROM: makes that region's server anew, as a replica of the other one.
postgres_base_backup() {
    local folder
    folder=$(postgres_folder "$1")
    say "Making PostgreSQL's replica in ${region_names[$1]} …"
    mkdir -p "$folder"
    chmod 700 "$folder"
    [[ $(id -u) -ne 0 ]] || chown postgres:postgres "$folder"
    rm -rf "$folder/data"
    postgres_install_replication "$1"
    postgres_make_slot "$1" "$2"
    # -R writes standby.signal, primary_conninfo and the slot's name.
    postgres_in "$1" "$(postgres_program pg_basebackup)" -d "$(postgres_replication_address "$1" "$2")" -D "$folder/data" -c fast \
        -X stream -S "$(postgres_slot "$1")" -R || die "pg_basebackup failed; is the primary's log ($(postgres_folder "$2")/log) telling why?"
    postgres_settings "$1" >>"$folder/data/postgresql.conf"
}

postgres_slot() { printf '%s' "${region_names[$1]//-/_}"; }

# The replica's server reads the password and the CA itself, and runs as another user.
postgres_install_replication() {
    local folder
    folder=$(postgres_folder "$1")
    install -m 600 "$cluster_dir/postgres/password" "$folder/replication-password"
    [[ $(id -u) -ne 0 ]] || chown postgres:postgres "$folder/replication-password"
    postgres_install_certificate "$1"
}

# postgres_replication_address REGION FROM: how the server of one region connects to the other's.
postgres_replication_address() {
    local folder trust=""
    folder=$(postgres_folder "$1")
    [[ $cluster_netns == no ]] || trust=" sslmode=verify-full sslrootcert=$folder/ca.pem"
    printf 'host=%s port=%s user=vtag dbname=postgres application_name=%s passfile=%s%s' "$(postgres_host "$2")" "$(postgres_port "$2")" \
        "$(postgres_slot "$1")" "$folder/replication-password" "$trust"
}

# postgres_make_slot REGION ON: unless it is there.
postgres_make_slot() {
    postgres_psql_in "$2" postgres -q -c "SELECT pg_create_physical_replication_slot('$(postgres_slot "$1")', true)
        WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$(postgres_slot "$1")')" >/dev/null
}

postgres_start() {
    local folder address
    folder=$(postgres_folder "$1") address=$(postgres_host "$1"):$(postgres_port "$1")
    ! postgres_pid "$1" >/dev/null || return 0
    ! answers "$address" || die "$address is taken by another process: choose another --base-port"
    # The number of a process that was killed may be another's by now.
    rm -f "$folder/data/postmaster.pid"
    postgres_in "$1" "$(postgres_program pg_ctl)" -D "$folder/data" -s -w -t "$postgres_seconds_max" -l "$folder/log" start || {
        tail -n 5 "$folder/log" >&2 2>/dev/null || true
        die "PostgreSQL does not start; its log is $folder/log"
    }
}

# Starts them unless they run; makes them when they are not there yet.
postgres_up() {
    local region
    if [[ $cluster_netns == yes ]] && ((cluster_regions > 1)); then
        for ((region = 1; region <= cluster_regions; region++)); do network_postgres_up "$region"; done
    fi
    [[ -f $cluster_dir/postgres/password ]] || postgres_make
    postgres_start 1
    if ! postgres_is_replica 1; then
        [[ $(postgres_psql postgres -At -c "SELECT count(*) FROM pg_database WHERE datname = 'vtag'") == 1 ]] ||
            postgres_psql postgres -q -c 'CREATE DATABASE vtag' || die "PostgreSQL's database vtag cannot be made"
    fi
    ((cluster_regions > 1)) || return 0
    [[ -f $(postgres_folder 2)/data/PG_VERSION ]] || postgres_base_backup 2 1
    postgres_start 2
}

postgres_down() {
    local region folder
    # The replica last: a primary that stops in order sends it all that it has.
    for ((region = 1; region <= cluster_regions; region++)); do
        postgres_pid "$region" >/dev/null || continue
        folder=$(postgres_folder "$region")
        as_postgres "$(postgres_program pg_ctl)" -D "$folder/data" -s -w -t "$postgres_seconds_max" -m fast stop ||
            die "PostgreSQL does not stop; its log is $folder/log"
    done
}

# As if the machine had lost it: the server and what serves its clients. Returns once all are gone.
postgres_kill() {
    local pid region=${1:-1} end=$((SECONDS + 10))
    pid=$(postgres_pid "$region") || return 0
    # shellcheck disable=SC2046 # one word for each process
    kill -KILL "$pid" $(pgrep --parent "$pid") 2>/dev/null || true
    while process_runs "$pid" || answers "$(postgres_host "$region"):$(postgres_port "$region")"; do
        ((SECONDS < end)) || die "PostgreSQL does not end even when killed: the disk may hang"
        sleep 0.05
    done
}

# postgres_psql DATABASE [PSQL OPTION…]: as its owner, in the first region.
postgres_psql() { postgres_psql_in 1 "$@"; }

# postgres_psql_in REGION DATABASE [PSQL OPTION…]
postgres_psql_in() {
    "$(postgres_program psql)" "$(postgres_address "$2" "$1") connect_timeout=5" -X -v ON_ERROR_STOP=1 "${@:3}"
}

postgres_is_replica() { [[ -f $(postgres_folder "$1")/data/standby.signal ]]; }

# postgres_promote REGION: the replica takes writes from now on. Whoever was the primary must not come back as one.
postgres_promote() {
    local folder
    folder=$(postgres_folder "$1")
    postgres_is_replica "$1" || die "PostgreSQL in ${region_names[$1]} is no replica"
    as_postgres "$(postgres_program pg_ctl)" -D "$folder/data" -s -w -t "$postgres_seconds_max" promote ||
        die "PostgreSQL in ${region_names[$1]} is not promoted; its log is $folder/log"
}

# postgres_rejoin REGION OF: a former primary becomes a replica of the one that was promoted. What it had and never sent is gone
# from it (the cluster's nodes still have it).
postgres_rejoin() {
    local folder
    folder=$(postgres_folder "$1")
    ! postgres_is_replica "$1" || die "PostgreSQL in ${region_names[$1]} is a replica already"
    ! postgres_is_replica "$2" || die "PostgreSQL in ${region_names[$2]} is a replica itself: promote it first"
    if postgres_pid "$1" >/dev/null; then
        as_postgres "$(postgres_program pg_ctl)" -D "$folder/data" -s -w -t "$postgres_seconds_max" -m fast stop
    fi
    postgres_install_replication "$1"
    postgres_make_slot "$1" "$2"
    # Before its first checkpoint the promoted one's control file still names the old timeline: pg_rewind would find nothing to do.
    postgres_psql_in "$2" postgres -q -c CHECKPOINT
    if postgres_in "$1" "$(postgres_program pg_rewind)" -D "$folder/data" -R \
        --source-server="$(postgres_replication_address "$1" "$2")" >>"$folder/log" 2>&1; then
        printf "primary_slot_name = '%s'\n" "$(postgres_slot "$1")" >>"$folder/data/postgresql.auto.conf"
        postgres_settings "$1" >>"$folder/data/postgresql.conf"
    else
        say "pg_rewind cannot bring it back ($(tail -n 1 "$folder/log")): it is copied anew."
        postgres_base_backup "$1" "$2"
    fi
    postgres_start "$1"
}

# A line for each server: what it is, and how far behind.
postgres_report() {
    local region text
    for ((region = 1; region <= cluster_regions; region++)); do
        if ! postgres_pid "$region" >/dev/null; then
            text="does not run"
        else
            # A replica that has all is not behind, however long ago the last transaction was.
            text=$(postgres_psql_in "$region" postgres -At -c "SELECT CASE WHEN NOT pg_is_in_recovery() THEN 'primary'
                WHEN NOT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 'replica, not connected to its primary'
                ELSE 'replica, replay lag ' || CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN '0 bytes'
                    ELSE pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) || ' bytes, '
                        || extract(milliseconds FROM now() - pg_last_xact_replay_timestamp())::int || ' ms' END END
                || coalesce((SELECT string_agg(format(', %s is %s bytes and %s ms behind', application_name,
                    pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), coalesce(extract(milliseconds FROM replay_lag)::int, 0)), '')
                    FROM pg_stat_replication WHERE NOT pg_is_in_recovery()), '')" 2>/dev/null) || text="does not answer"
        fi
        if ((cluster_regions == 1)); then
            printf 'PostgreSQL %s: %s\n' "$text" "$(postgres_address vtag "$region")"
        else
            printf 'PostgreSQL %-10s %s: %s\n' "${region_names[region]}" "$text" "$(postgres_address vtag "$region")"
        fi
    done
}

postgres_all_run() {
    local region
    for ((region = 1; region <= cluster_regions; region++)); do postgres_pid "$region" >/dev/null || return 1; done
}
