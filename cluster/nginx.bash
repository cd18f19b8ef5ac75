# shellcheck shell=bash
# NGINX in front of the nodes: http on the base port, https with HTTP/2 on the base port + 443. With two regions each has its own, and
# a cache of answers. Every function's REGION is 1 where it is left out. Sourced by lib.bash.
# shellcheck disable=SC2154 # lib.bash sets cluster_* and node_*

readonly nginx_tls_port_offset=443

nginx_port() { printf '%s' $((cluster_base_port + (${1:-1} - 1) * region_port_offset)); }
nginx_url() { printf 'http://127.0.0.1:%s' "$(nginx_port "${1:-1}")"; }
nginx_tls_url() { printf 'https://127.0.0.1:%s' $(($(nginx_port "${1:-1}") + nginx_tls_port_offset)); }
nginx_folder() { if ((${1:-1} == 1)); then printf '%s/nginx' "$cluster_dir"; else printf '%s/nginx-%s' "$cluster_dir" "$1"; fi; }

# The regions that have nodes that may run.
nginx_regions() {
    echo 1
    if ((cluster_regions > 1)) && can_follow; then echo 2; fi
}

# nginx_nodes REGION: the nodes that its NGINX sends requests to.
nginx_nodes() { if ((cluster_regions == 1)); then node_names; else node_names "$1"; fi; }

# nginx_servers NAME…: the nodes that requests go to.
nginx_servers() {
    local name
    echo "upstream vtag {"
    echo "    zone vtag 128k;"
    echo "    least_conn;"
    for name in "$@"; do
        load_node "$name"
        echo "    server $node_http max_fails=2 fail_timeout=2s;"
    done
    echo "    keepalive 64;"
    echo "}"
}

# nginx_write_servers REGION NAME…: writes the list of servers; fails when it is what it was.
nginx_write_servers() {
    local file
    file=$(nginx_folder "$1")/servers.conf
    nginx_servers "${@:2}" >"$file.new"
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
        return 1
    fi
    mv "$file.new" "$file"
}

# What a cache of answers needs: one server of NGINX keeps them, and asks another one, on a socket, that asks the nodes and puts what
# they say of keeping into NGINX's own word for it, X-Accel-Expires.
#
# - Cache-Control: no-cache with an ETag (point reads) is kept and asked for anew each time, by its ETag: "@1" ended in 1970.
# - Cache-Control: max-age=N is kept so long; no-store, and what says nothing, is not kept.
# - Answers are private: the key holds the caller's token, so that nobody gets another one's. NGINX writes the key into the file;
#   only who owns the folder reads it, beside the administrator's own token.
# - Staleness-Ms is another one each time, and NGINX would tell the old one after a 304: not kept.
nginx_cache() {
    local folder
    folder=$(nginx_folder "$1")
    cat <<TEXT
    proxy_cache_path $folder/cache levels=1:2 keys_zone=answers:8m max_size=256m inactive=10m use_temp_path=off;
    map "\$upstream_http_staleness_ms|\$upstream_http_etag|\$upstream_http_cache_control" \$kept_until {
        "~^[^|]" "";
        "~no-store" "";
        "~^\|[^|]+\|.*no-cache" "@1";
        "~max-age=(?<seconds>[0-9]+)" \$seconds;
        default "";
    }
TEXT
}

# The server that asks the nodes.
nginx_asking_server() {
    cat <<TEXT
    server {
        listen unix:$(nginx_folder "$1")/asking.sock;
        location / {
            proxy_next_upstream error timeout non_idempotent;
            # As the other server has them: it knows the client.
            proxy_set_header Host \$http_host;
            proxy_set_header Connection \$upgrade_connection;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header X-Forwarded-For \$http_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$http_x_forwarded_proto;
            add_header X-Accel-Expires \$kept_until;
            proxy_pass $2://vtag;
        }
    }
TEXT
}

# How reads are answered from what is kept.
nginx_cached_reads() {
    cat <<TEXT
            proxy_buffering on;
            # What is not kept goes through memory alone, as fast as its reader takes it.
            proxy_max_temp_file_size 0;
            proxy_cache answers;
            proxy_cache_key "\$request_method \$request_uri \$http_accept \$http_authorization";
            proxy_cache_methods GET HEAD;
            proxy_cache_revalidate on;
            proxy_cache_lock on;
            # What the nodes say of keeping counts as the other server put it.
            proxy_ignore_headers Cache-Control Expires;
            add_header X-Cache-Status \$upstream_cache_status;
            # A stream's answer has no end.
            proxy_cache_bypass \$http_upgrade;
            proxy_no_cache \$http_upgrade;
            proxy_next_upstream off;
            proxy_pass http://asking;
TEXT
}

# nginx_configuration REGION
nginx_configuration() {
    local scheme=http folder port secure="" cache="" asking="" reads=""
    folder=$(nginx_folder "$1") port=$(nginx_port "$1")
    if [[ $cluster_netns == yes ]]; then
        scheme=https
        secure="
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate $cluster_dir/certs/ca.pem;
    proxy_ssl_name vtag;
    proxy_ssl_server_name on;
    proxy_ssl_protocols TLSv1.3;"
    fi
    reads="            proxy_next_upstream error timeout non_idempotent;
            proxy_pass $scheme://vtag;"
    if ((cluster_regions > 1)); then
        cache=$(nginx_cache "$1")
        asking="    upstream asking { server unix:$folder/asking.sock; keepalive 64; }
$(nginx_asking_server "$1" "$scheme")"
        reads=$(nginx_cached_reads)
    fi
    cat <<TEXT
# Written by cluster/up. Its workers run as whoever owns this folder, which nobody else can enter.
$([[ $(id -u) -ne 0 ]] || echo "user root;")
pid $folder/pid;
error_log $folder/error.log;
worker_processes auto;
worker_rlimit_nofile 16384;
# After the list of servers has changed, requests in progress have this long.
worker_shutdown_timeout 60s;
events { worker_connections 4096; }
http {
    access_log off;
    server_tokens off;
    client_body_temp_path $folder/bodies;
    proxy_temp_path $folder/answers;
    fastcgi_temp_path $folder/unused;
    scgi_temp_path $folder/unused;
    uwsgi_temp_path $folder/unused;
    include $folder/servers.conf;
$cache
    map \$http_upgrade \$upgrade_connection {
        '' '';
        default upgrade;
    }
    # Which requests may go to a second node when the first one fails: "freely", "unsent" (nothing has reached the first yet)
    # or "never". NGINX takes PUT and DELETE for harmless; here a second one would find the first one's work (412, 404).
    map "\$request_method \$http_idempotency_key" \$again {
        "~^(GET|HEAD|OPTIONS) " freely;
        "~^[A-Z]+ ." freely;
        "~^POST " unsent;
        default never;
    }

    proxy_http_version 1.1;
    proxy_set_header Host \$http_host;
    proxy_set_header Connection \$upgrade_connection;
    proxy_set_header Upgrade \$http_upgrade;
    proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto \$scheme;
    proxy_connect_timeout 1s;
    proxy_read_timeout 60s;
    proxy_next_upstream_tries 3;
    proxy_next_upstream_timeout 10s;
    # What a node says goes through as it comes.
    proxy_buffering off;
    client_max_body_size 0;
    client_body_buffer_size 1m;
    keepalive_requests 1000000;
    keepalive_timeout 75s;
    http2_max_concurrent_streams 256;$secure

    server {
        listen 127.0.0.1:$port;
        listen 127.0.0.1:$((port + nginx_tls_port_offset)) ssl http2;
        ssl_certificate $cluster_dir/certs/front.pem;
        ssl_certificate_key $cluster_dir/certs/front.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;

        location / {
            error_page 461 = @unsent;
            error_page 462 = @never;
            if (\$again = unsent) { return 461; }
            if (\$again = never) { return 462; }
$reads
        }
        location @unsent {
            proxy_next_upstream error timeout;
            proxy_pass $scheme://vtag;
        }
        location @never {
            proxy_next_upstream off;
            proxy_pass $scheme://vtag;
        }
        # Payloads of any size pass through without being kept on the way.
        location /ingest/ {
            proxy_next_upstream error timeout;
            proxy_request_buffering off;
            proxy_pass $scheme://vtag;
        }
    }
$asking
}
TEXT
}

# nginx_command REGION [OPTION…]
nginx_command() {
    local folder
    folder=$(nginx_folder "$1")
    "$(command -v nginx || echo /usr/sbin/nginx)" -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" "${@:2}" 9>&-
}

nginx_pid() {
    local pid folder
    folder=$(nginx_folder "${1:-1}")
    pid=$(cat "$folder/pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_runs "$pid" && grep -qaF "$folder/nginx.conf" "/proc/$pid/cmdline" && printf '%s' "$pid"
}

watcher_pid() {
    local pid
    pid=$(cat "$(nginx_folder "${1:-1}")/watcher.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_is "$pid" "$root/cluster/watch-health" && printf '%s' "$pid"
}

nginx_up() {
    local region
    make_server_certificate front "DNS:localhost,IP:127.0.0.1"
    for region in $(nginx_regions); do nginx_up_in "$region"; done
}

nginx_up_in() {
    local folder
    folder=$(nginx_folder "$1")
    mkdir -p "$folder"
    chmod 700 "$folder"
    nginx_configuration "$1" >"$folder/nginx.conf"
    # shellcheck disable=SC2046 # names are words
    nginx_write_servers "$1" $(nginx_nodes "$1") || true
    if nginx_pid "$1" >/dev/null; then
        nginx_command "$1" -s reload
    else
        # One that was killed leaves its socket.
        rm -f "$folder/asking.sock"
        nginx_command "$1"
    fi
    watcher_pid "$1" >/dev/null || {
        (
            exec 9>&-
            exec setsid "$root/cluster/watch-health" --dir "$cluster_dir" "$1" </dev/null >>"$folder/watcher.log" 2>&1
        ) &
        echo $! >"$folder/watcher.pid"
    }
}

nginx_down() {
    local region
    for ((region = 1; region <= cluster_regions; region++)); do nginx_down_in "$region"; done
}

nginx_down_in() {
    local pid end=$((SECONDS + 5))
    if pid=$(watcher_pid "$1"); then kill "$pid" 2>/dev/null || true; fi
    rm -f "$(nginx_folder "$1")/watcher.pid"
    pid=$(nginx_pid "$1") || return 0
    nginx_command "$1" -s stop 2>/dev/null || true
    while process_runs "$pid"; do
        ((SECONDS < end)) || { kill -KILL "$pid" 2>/dev/null || true; }
        sleep 0.05
    done
}
