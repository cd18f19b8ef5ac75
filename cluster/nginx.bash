# shellcheck shell=bash
# NGINX in front of the nodes: http on the base port, https with HTTP/2 on the base port + 443. Sourced by lib.bash.
# shellcheck disable=SC2154 # lib.bash sets cluster_* and node_*

readonly nginx_tls_port_offset=443

nginx_url() { printf 'http://127.0.0.1:%s' "$cluster_base_port"; }
nginx_tls_url() { printf 'https://127.0.0.1:%s' $((cluster_base_port + nginx_tls_port_offset)); }

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

# Writes the list of servers; fails when it is what it was.
nginx_write_servers() {
    local file=$cluster_dir/nginx/servers.conf
    nginx_servers "$@" >"$file.new"
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
        return 1
    fi
    mv "$file.new" "$file"
}

nginx_configuration() {
    local scheme=http folder=$cluster_dir/nginx secure=""
    if [[ $cluster_netns == yes ]]; then
        scheme=https
        secure="
    proxy_ssl_verify on;
    proxy_ssl_trusted_certificate $cluster_dir/certs/ca.pem;
    proxy_ssl_name vtag;
    proxy_ssl_server_name on;
    proxy_ssl_protocols TLSv1.3;"
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
        listen 127.0.0.1:$cluster_base_port;
        listen 127.0.0.1:$((cluster_base_port + nginx_tls_port_offset)) ssl http2;
        ssl_certificate $cluster_dir/certs/front.pem;
        ssl_certificate_key $cluster_dir/certs/front.key;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:1m;

        location / {
            error_page 461 = @unsent;
            error_page 462 = @never;
            if (\$again = unsent) { return 461; }
            if (\$again = never) { return 462; }
            proxy_next_upstream error timeout non_idempotent;
            proxy_pass $scheme://vtag;
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
}
TEXT
}

nginx_command() {
    "$(command -v nginx || echo /usr/sbin/nginx)" -p "$cluster_dir/nginx" -c "$cluster_dir/nginx/nginx.conf" \
        -e "$cluster_dir/nginx/error.log" "$@" 9>&-
}

nginx_pid() {
    local pid
    pid=$(cat "$cluster_dir/nginx/pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_runs "$pid" && grep -qaF "$cluster_dir/nginx/nginx.conf" "/proc/$pid/cmdline" && printf '%s' "$pid"
}

watcher_pid() {
    local pid
    pid=$(cat "$cluster_dir/nginx/watcher.pid" 2>/dev/null) && [[ -n $pid ]] || return 1
    process_is "$pid" "$root/cluster/watch-health" && printf '%s' "$pid"
}

nginx_up() {
    mkdir -p "$cluster_dir/nginx"
    make_server_certificate front "DNS:localhost,IP:127.0.0.1"
    nginx_configuration >"$cluster_dir/nginx/nginx.conf"
    # shellcheck disable=SC2046 # names are words
    nginx_write_servers $(node_names) || true
    if nginx_pid >/dev/null; then nginx_command -s reload; else nginx_command; fi
    watcher_pid >/dev/null || {
        (
            exec 9>&-
            exec setsid "$root/cluster/watch-health" --dir "$cluster_dir" </dev/null >>"$cluster_dir/nginx/watcher.log" 2>&1
        ) &
        echo $! >"$cluster_dir/nginx/watcher.pid"
    }
}

nginx_down() {
    local pid end=$((SECONDS + 5))
    if pid=$(watcher_pid); then kill "$pid" 2>/dev/null || true; fi
    rm -f "$cluster_dir/nginx/watcher.pid"
    pid=$(nginx_pid) || return 0
    nginx_command -s stop 2>/dev/null || true
    while process_runs "$pid"; do
        ((SECONDS < end)) || { kill -KILL "$pid" 2>/dev/null || true; }
        sleep 0.05
    done
}
