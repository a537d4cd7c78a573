//! nginx as a cache in front of a service. Where nginx is missing the test fails.

use super::front::{Front, READY, server};
use super::temporary;

/// nginx with `proxy_cache`, keyed by person, for two seconds, whatever the origin says.
pub(crate) struct Nginx {
    front: Front,
    _dir: tempfile::TempDir,
}

impl Nginx {
    /// In front of `http://host:port`.
    pub(crate) fn before(origin: &str) -> Self {
        let origin = origin.strip_prefix("http://").unwrap();
        let dir = temporary();
        let path = dir.path().to_str().unwrap();
        let front = Front::start("nginx", dir.path(), |port| {
            let file = dir.path().join("nginx.conf");
            std::fs::write(&file, configuration(path, port, origin)).unwrap();
            let mut command = server("nginx");
            command.args(["-e", "stderr", "-p", path, "-c"]).arg(file);
            command
        });
        Self { front, _dir: dir }
    }

    pub(crate) fn url(&self) -> &str {
        &self.front.url
    }
}

fn configuration(dir: &str, port: u16, origin: &str) -> String {
    format!(
        r#"
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  proxy_cache_path {dir}/cache levels=1:2 keys_zone=reports:4m max_size=64m inactive=1m use_temp_path=off;
  upstream school {{ server {origin}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    location = {READY} {{ return 200 "ready"; }}
    location / {{ proxy_pass http://school; }}
    location ~ ^/api/(reports|grades)/ {{
      proxy_pass http://school;
      proxy_cache reports;
      # Reports are personal: a key without the person would show them to others.
      proxy_cache_key $http_authorization$request_uri;
      # The service says `private, max-age=0`. This operator keeps its answers all the
      # same, and accepts that they are up to two seconds old.
      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
      proxy_cache_valid 200 2s;
      proxy_cache_lock on;
      proxy_cache_bypass $http_x_bypass;
      proxy_no_cache $http_x_bypass;
      add_header X-Cache-Status $upstream_cache_status always;
    }}
  }}
}}
"#
    )
}
