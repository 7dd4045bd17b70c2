//! How a server is reached: through which proxy, and under which name its certificate is checked.

use super::secret::Secret;
use std::fmt;

/// How a server is reached. Proxies of the environment never count.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// The proxy that every request goes through.
    pub proxy: Option<Proxy>,
    /// The name that the server's certificate must be for; `None` is the host of its address.
    pub tls_name: Option<String>,
}

/// A proxy, which sees only TLS; its address may hold a password and is never shown whole.
#[derive(Clone)]
pub struct Proxy {
    url: Secret,
    shown: String,
}

impl Proxy {
    /// What an address of a proxy must look like.
    pub(super) const FORM: &str = "write http://HOST:PORT or socks5://HOST:PORT";

    /// Reads `http://HOST:PORT` or `socks5://HOST:PORT`, perhaps with `USER:PASSWORD@`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        let (name, port) = host.rsplit_once(':')?;
        let port_fits = port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0);
        let visible = rest.bytes().all(|byte| byte.is_ascii_graphic());
        let plain = !rest.contains(['/', '?', '#', '\\', '"']) && rest.matches('@').count() < 2;
        let bare = name.contains(':') && !(name.starts_with('[') && name.ends_with(']'));
        let fits = matches!(scheme, "http" | "socks5") && port_fits && visible && plain;
        (fits && !bare && !name.is_empty()).then(|| Self {
            url: Secret::new(&format!("{scheme}://{rest}")),
            shown: format!("{scheme}://{host}"),
        })
    }

    /// Its whole address, for the one place that connects.
    pub fn url(&self) -> &Secret {
        &self.url
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::Proxy;

    #[test]
    fn a_proxy_has_a_scheme_a_host_and_a_port_and_shows_no_password() {
        let shown = |text: &str| Proxy::parse(text).map(|proxy| proxy.to_string());
        for (text, expected) in [
            ("http://proxy.sth:3128", Some("http://proxy.sth:3128")),
            ("http://proxy.sth:3128/", Some("http://proxy.sth:3128")),
            (
                "socks5://u:canary@10.0.0.1:1080",
                Some("socks5://10.0.0.1:1080"),
            ),
            ("http://[fd00::1]:3128", Some("http://[fd00::1]:3128")),
            ("http://fd00::1:3128", None),
            ("https://proxy.sth:3128", None),
            ("http://proxy.sth", None),
            ("http://proxy.sth:0", None),
            ("http://:3128", None),
            ("http://a@b@c:1", None),
            ("http://proxy.sth:3128/path", None),
            ("proxy.sth:3128", None),
        ] {
            assert_eq!(shown(text).as_deref(), expected, "{text}");
        }
        let proxy = Proxy::parse("http://u:canary@p:1").unwrap();
        assert!(!format!("{proxy:?}").contains("canary"));
        assert_eq!(proxy.url().expose(), "http://u:canary@p:1");
    }
}
