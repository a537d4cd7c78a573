//! Varnish as a cache in front of a service. Where Varnish is missing the test fails.

use super::front::{Front, READY, server};
use super::temporary;

/// Varnish keyed by person, emptied by every write, that says no more than `X-Varnish`.
pub(crate) struct Varnish {
    front: Front,
    _dir: tempfile::TempDir,
}

impl Varnish {
    /// In front of `http://host:port`.
    pub(crate) fn before(origin: &str) -> Self {
        let (host, port) = origin.strip_prefix("http://").unwrap().split_once(':').unwrap();
        let dir = temporary();
        let file = dir.path().join("school.vcl");
        std::fs::write(&file, configuration(host, port)).unwrap();
        let front = Front::start("varnishd", dir.path(), |port| {
            let mut command = server("varnishd");
            // No jail: it would change to a user who cannot read our folder.
            command.args(["-j", "none", "-F", "-T", "none", "-l", "2m", "-s", "malloc,32m", "-n"]);
            command.arg(dir.path().join("work"));
            command.args(["-a", &format!("127.0.0.1:{port}"), "-f"]).arg(&file);
            command
        });
        Self { front, _dir: dir }
    }

    pub(crate) fn url(&self) -> &str {
        &self.front.url
    }
}

fn configuration(host: &str, port: &str) -> String {
    format!(
        r#"vcl 4.1;

backend school {{ .host = "{host}"; .port = "{port}"; }}

sub vcl_recv {{
  if (req.url == "{READY}") {{ return (synth(200)); }}
  if (req.method != "GET" && req.method != "HEAD") {{ return (pass); }}
  if (req.url !~ "^/api/(reports|grades)/" || req.http.X-Bypass) {{ return (pass); }}
  # Without this, the built-in rules pass whatever has an Authorization.
  return (hash);
}}

sub vcl_hash {{
  # Reports are personal. The built-in rules add the URL and the host.
  hash_data(req.http.Authorization);
}}

sub vcl_backend_response {{
  if (bereq.uncacheable) {{ return (deliver); }}
  if (beresp.status != 200) {{
    set beresp.uncacheable = true;
    set beresp.ttl = 0s;
    return (deliver);
  }}
  # The service says `private, max-age=0`, which is meant for browsers.
  unset beresp.http.Set-Cookie;
  set beresp.ttl = 5s;
  set beresp.grace = 0s;
  set beresp.keep = 0s;
  return (deliver);
}}

sub vcl_deliver {{
  # Nobody told Varnish whom a grade concerns, so a write empties it, before it is answered.
  if (req.method == "PATCH" && resp.status < 300) {{ ban("obj.status == 200"); }}
}}
"#
    )
}
