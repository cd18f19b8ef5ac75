# shellcheck shell=bash
# The cluster's own PostgreSQL, which its nodes write their results to: a primary on the base port + 432. Sourced by lib.bash.
# shellcheck disable=SC2154 # lib.bash sets cluster_*

readonly postgres_port_offset=432
readonly postgres_seconds_max=60

postgres_port() { printf '%s' $((cluster_base_port + postgres_port_offset)); }

# Where nodes reach it: from their namespaces over the bridge.
postgres_host() { if [[ $cluster_netns == yes ]]; then network_address 254; else printf '127.0.0.1'; fi; }

# postgres_address [DATABASE]: how its owner connects; the password is in a file, so that no list of processes shows it.
postgres_address() {
    printf 'host=%s port=%s dbname=%s user=vtag passfile=%s' \
        "$(postgres_host)" "$(postgres_port)" "${1:-vtag}" "$cluster_dir/postgres/password"
}

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

# Prints the number of the server's process; fails when it does not run.
postgres_pid() {
    local pid
    pid=$(head -n 1 "$cluster_dir/postgres/data/postmaster.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_is "$pid" "$cluster_dir/postgres/data" && printf '%s' "$pid"
}

postgres_make() {
    local folder=$cluster_dir/postgres
    say "Making PostgreSQL's data directory …"
    rm -rf "$folder"
    mkdir -m 700 "$folder"
    (umask 077 && openssl rand -hex 24 >"$folder/secret")
    [[ $(id -u) -ne 0 ]] || chown -R postgres:postgres "$folder"
    as_postgres test -x "$folder" || die "PostgreSQL may not enter $folder: choose a directory that everybody may pass, with --dir"
    as_postgres "$(postgres_program initdb)" -D "$folder/data" -U vtag -A scram-sha-256 --pwfile="$folder/secret" -E UTF8 \
        --locale=C.UTF-8 >"$folder.log" 2>&1 || die "initdb failed: $(tail -n 3 "$folder.log")"
    rm "$folder.log"
    cat >>"$folder/data/postgresql.conf" <<TEXT

# Written by cluster/up.
listen_addresses = '$(postgres_host)'
port = $(postgres_port)
unix_socket_directories = ''
shared_buffers = 256MB
max_wal_size = 4GB
# For replicas.
wal_level = replica
max_wal_senders = 10
TEXT
    # What connects with a password comes from this machine, or from the bridge of its namespaces.
    printf 'host all all %s/24 scram-sha-256\nhost replication all %s/24 scram-sha-256\n' \
        "$(postgres_host)" "$(postgres_host)" >"$folder/data/pg_hba.conf"
    (umask 077 && printf '%s:%s:*:vtag:%s\n' "$(postgres_host)" "$(postgres_port)" "$(cat "$folder/secret")" >"$folder/password")
    rm "$folder/secret"
}

# Starts it unless it runs; makes it when it is not there yet.
postgres_up() {
    local folder=$cluster_dir/postgres
    ! postgres_pid >/dev/null || return 0
    [[ -f $folder/password ]] || postgres_make
    ! answers "$(postgres_host):$(postgres_port)" ||
        die "$(postgres_host):$(postgres_port) is taken by another process: choose another --base-port"
    # The number of a process that was killed may be another's by now.
    rm -f "$folder/data/postmaster.pid"
    as_postgres "$(postgres_program pg_ctl)" -D "$folder/data" -s -w -t "$postgres_seconds_max" -l "$folder/log" start || {
        tail -n 5 "$folder/log" >&2 2>/dev/null || true
        die "PostgreSQL does not start; its log is $folder/log"
    }
    [[ $(postgres_psql postgres -At -c "SELECT count(*) FROM pg_database WHERE datname = 'vtag'") == 1 ]] ||
        postgres_psql postgres -q -c 'CREATE DATABASE vtag' || die "PostgreSQL's database vtag cannot be made"
}

postgres_down() {
    postgres_pid >/dev/null || return 0
    as_postgres "$(postgres_program pg_ctl)" -D "$cluster_dir/postgres/data" -s -w -t "$postgres_seconds_max" -m fast stop ||
        die "PostgreSQL does not stop; its log is $cluster_dir/postgres/log"
}

# As if the machine had lost it: the server and what serves its clients. Returns once all are gone.
postgres_kill() {
    local pid end=$((SECONDS + 10))
    pid=$(postgres_pid) || return 0
    # shellcheck disable=SC2046 # one word for each process
    kill -KILL "$pid" $(pgrep --parent "$pid") 2>/dev/null || true
    while process_runs "$pid" || answers "$(postgres_host):$(postgres_port)"; do
        ((SECONDS < end)) || die "PostgreSQL does not end even when killed: the disk may hang"
        sleep 0.05
    done
}

# postgres_psql DATABASE [PSQL OPTION…]: as its owner.
postgres_psql() {
    "$(postgres_program psql)" "$(postgres_address "$1")" -X -v ON_ERROR_STOP=1 "${@:2}"
}
