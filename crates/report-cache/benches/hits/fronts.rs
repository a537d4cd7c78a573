//! The caches of others, told to do as ours: keep one person's answer in memory, and say so.

use std::path::Path;

use crate::Outcome;
use crate::process::Process;

/// nginx with `proxy_cache`, which keeps bodies in `files`.
pub(crate) fn nginx(dir: &Path, files: &Path, origin: &str) -> Outcome<Option<Process>> {
    let files = files.display().to_string();
    let dir = dir.display().to_string();
    Process::other("nginx", |port| {
        let text = format!(
            "daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr error;
             events {{ worker_connections 1024; }}
             http {{
               access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100;
               client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
               uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
               proxy_cache_path {files} keys_zone=reports:4m max_size=64m inactive=1h use_temp_path=off;
               upstream origin {{ server {origin}; keepalive 8; }}
               server {{
                 listen 127.0.0.1:{port};
                 location / {{
                   proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";
                   proxy_cache reports; proxy_cache_key $http_authorization$request_uri;
                   proxy_cache_valid 200 1h;
                   add_header X-Cache $upstream_cache_status;
                 }}
               }}
             }}"
        );
        let file = format!("{dir}/nginx.conf");
        std::fs::write(&file, text)?;
        Ok(["-e", "stderr", "-p", &dir, "-c", &file].map(str::to_owned).to_vec())
    })
}

/// Varnish, in its own memory.
pub(crate) fn varnish(dir: &Path, origin: &str) -> Outcome<Option<Process>> {
    let (host, port) = origin.split_once(':').ok_or("an address has a port")?;
    let file = dir.join("bench.vcl");
    let text = format!(
        "vcl 4.1;
         backend origin {{ .host = \"{host}\"; .port = \"{port}\"; }}
         sub vcl_recv {{ return (hash); }}
         sub vcl_hash {{ hash_data(req.http.Authorization); }}
         sub vcl_backend_response {{ set beresp.ttl = 1h; return (deliver); }}
         sub vcl_deliver {{
           if (obj.hits > 0) {{ set resp.http.X-Cache = \"HIT\"; }} else {{ set resp.http.X-Cache = \"MISS\"; }}
         }}"
    );
    std::fs::write(&file, text)?;
    let (work, file) = (dir.join("varnish").display().to_string(), file.display().to_string());
    Process::other("varnishd", |port| {
        let listen = format!("127.0.0.1:{port}");
        let arguments = [
            "-j",
            "none",
            "-F",
            "-T",
            "none",
            "-l",
            "2m",
            "-s",
            "malloc,64m",
            "-n",
            &work,
            "-a",
            &listen,
            "-f",
            &file,
        ];
        Ok(arguments.map(str::to_owned).to_vec())
    })
}

/// A Redis that saves nothing.
pub(crate) fn redis(dir: &Path) -> Outcome<Option<Process>> {
    let dir = dir.display().to_string();
    Process::other("redis-server", |port| {
        let port = port.to_string();
        let arguments =
            ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", &dir];
        Ok(arguments.map(str::to_owned).to_vec())
    })
}
