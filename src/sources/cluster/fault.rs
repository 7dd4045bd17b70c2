//! What went wrong on the way to a cluster, in plain words, once: no error repeats its source.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::CertificateError;

use super::layers::NobodySignedIn;
use crate::sources::fact::WatchNews;
use crate::text::SafeText;

/// Longest sentence of a server that is kept, in characters.
const WORDS: usize = 240;

/// Why a read did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such kind or object (404).
    NotFound,
    /// It is not ours to read (403), in words.
    Forbidden(SafeText),
    /// The token is missing, ended or not known (401).
    Unauthorised,
    /// No connection: refused, reset, no route, no name. `never_left` says whether something was sent.
    Refused(SafeText),
    /// The server's certificate is signed by a key that is not trusted.
    OtherIssuer,
    /// TLS failed some other way, at the handshake or later.
    Tls(SafeText),
    /// Anything else: no answer in time, a 5xx, an answer that cannot be understood.
    Failed(SafeText),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotFound => f.write_str("it is not there (404)"),
            Fault::Unauthorised => f.write_str("the sign-in is not accepted (401); sign in again"),
            Fault::OtherIssuer => {
                f.write_str("its certificate is signed by a key that is not trusted")
            }
            Fault::Forbidden(words)
            | Fault::Refused(words)
            | Fault::Tls(words)
            | Fault::Failed(words) => f.write_str(words.as_str()),
        }
    }
}

impl Fault {
    /// As news of a watch.
    pub fn news(self) -> WatchNews {
        let words = SafeText::from(self.to_string());
        match self {
            Fault::NotFound => WatchNews::NotInstalled,
            Fault::Forbidden(words) => WatchNews::Forbidden(words),
            Fault::Refused(_) | Fault::OtherIssuer | Fault::Tls(_) => WatchNews::Refused(words),
            Fault::Unauthorised | Fault::Failed(_) => WatchNews::Failed(words),
        }
    }

    /// Classifies what kube reports.
    pub(in crate::sources) fn of(error: &kube::Error) -> Fault {
        match error {
            kube::Error::Api(status) => Fault::status(status.code, &status.message),
            kube::Error::SerdeError(error) => {
                failed(&format!("its answer cannot be understood: {error}"))
            }
            other => Fault::transport(other),
        }
    }

    /// Classifies an answer that is not a success.
    pub(in crate::sources) fn status(code: u16, message: &str) -> Fault {
        match code {
            401 => Fault::Unauthorised,
            403 => Fault::Forbidden(forbidden(message)),
            404 => Fault::NotFound,
            429 => failed("the server asks to go slower (429)"),
            code => failed(&format!("the server answered {code}: {message}")),
        }
    }

    /// Classifies what happened below HTTP, by the nearest cause that says something.
    pub(in crate::sources) fn transport(error: &(dyn Error + 'static)) -> Fault {
        let mut next = Some(error);
        let mut last = error;
        while let Some(error) = next {
            if let Some(fault) = known(error) {
                return fault;
            }
            last = error;
            next = error.source();
        }
        failed(&last.to_string())
    }
}

/// True when it is certain that the request never left: the connection for it was not made, or there was nobody to ask
/// for. The same words on a connection that was made prove nothing.
pub(in crate::sources) fn never_left(error: &kube::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error
            .downcast_ref::<hyper_util::client::legacy::Error>()
            .is_some_and(hyper_util::client::legacy::Error::is_connect)
            || error.is::<NobodySignedIn>()
        {
            return true;
        }
        next = error.source();
    }
    false
}

/// A cause that is understood; an I/O error is looked into, because TLS hides in it.
fn known(error: &(dyn Error + 'static)) -> Option<Fault> {
    if error.is::<NobodySignedIn>() {
        return Some(Fault::Refused(SafeText::from(error.to_string())));
    }
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls_words(tls));
    }
    if error.to_string() == "dns error" {
        return Some(Fault::Refused(SafeText::new("its name cannot be resolved")));
    }
    let io = error.downcast_ref::<io::Error>()?;
    if let Some(inner) = io.get_ref() {
        let inner: &(dyn Error + 'static) = inner;
        if let Some(fault) = known(inner) {
            return Some(fault);
        }
    }
    let words = match io.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "connection reset",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no route to host",
        io::ErrorKind::TimedOut => return Some(failed("no answer in time")),
        io::ErrorKind::UnexpectedEof => "connection closed in the middle",
        _ if io.to_string().contains("failed to lookup address") => "its name cannot be resolved",
        _ => return None,
    };
    Some(Fault::Refused(SafeText::new(words)))
}

fn tls_words(error: &rustls::Error) -> Fault {
    let words = match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                return Fault::OtherIssuer;
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has ended"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet; compare the clocks"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name"
            }
            other => {
                return Fault::Tls(short(&format!("its certificate is not accepted: {other}")));
            }
        },
        rustls::Error::AlertReceived(alert) => {
            return Fault::Tls(short(&format!(
                "it ended TLS with {alert:?}; is the client certificate still good?"
            )));
        }
        other => return Fault::Tls(short(&format!("TLS failed: {other}"))),
    };
    Fault::Tls(SafeText::new(words))
}

/// `list pods is not yours`, from `pods is forbidden: User "alice" cannot list resource "pods" in API group ...`.
fn forbidden(message: &str) -> SafeText {
    let Some((_, after)) = message.split_once(" cannot ") else {
        return short(message);
    };
    let mut quoted = after.split('"');
    let verb = quoted
        .next()
        .unwrap_or_default()
        .trim()
        .trim_end_matches("resource")
        .trim();
    let resource = quoted.next().unwrap_or_default();
    let namespace = after
        .split_once("in the namespace \"")
        .and_then(|(_, rest)| rest.split('"').next());
    let place = namespace
        .map(|namespace| format!(" in {namespace}"))
        .unwrap_or_default();
    if verb.is_empty() || resource.is_empty() {
        return short(message);
    }
    SafeText::from(format!("{verb} {resource}{place} is not yours"))
}

fn failed(words: &str) -> Fault {
    Fault::Failed(short(words))
}

fn short(words: &str) -> SafeText {
    let words = words.trim_end();
    match words.char_indices().nth(WORDS) {
        Some((end, _)) => SafeText::from(format!("{}~", &words[..end])),
        None => SafeText::new(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_right_is_missing() {
        let table = [
            (
                r#"pods is forbidden: User "alice" cannot list resource "pods" in API group "" at the cluster scope"#,
                "list pods is not yours",
            ),
            (
                r#"services "http:alertmanager:9093" is forbidden: User "jane" cannot get resource "services/proxy" in API group "" in the namespace "monitoring""#,
                "get services/proxy in monitoring is not yours",
            ),
            ("no", "no"),
        ];
        for (message, expected) in table {
            assert_eq!(
                Fault::status(403, message),
                Fault::Forbidden(SafeText::new(expected)),
                "{message}"
            );
        }
    }

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(Fault::status(404, "x").news(), WatchNews::NotInstalled);
        assert!(matches!(
            Fault::status(401, "x").news(),
            WatchNews::Failed(_)
        ));
        let expected = SafeText::new("the server answered 503: overloaded");
        assert_eq!(
            Fault::status(503, "overloaded").news(),
            WatchNews::Failed(expected)
        );
    }

    #[test]
    fn causes_below_http_are_found_in_the_chain() {
        let hidden =
            |kind: CertificateError| io::Error::other(rustls::Error::InvalidCertificate(kind));
        let table: [(io::Error, Fault); 6] = [
            (
                io::ErrorKind::ConnectionRefused.into(),
                Fault::Refused(SafeText::new("connection refused")),
            ),
            (
                io::ErrorKind::TimedOut.into(),
                Fault::Failed(SafeText::new("no answer in time")),
            ),
            (
                io::ErrorKind::HostUnreachable.into(),
                Fault::Refused(SafeText::new("no route to host")),
            ),
            (hidden(CertificateError::UnknownIssuer), Fault::OtherIssuer),
            (
                hidden(CertificateError::Expired),
                Fault::Tls(SafeText::new("its certificate has ended")),
            ),
            (
                hidden(CertificateError::NotValidForName),
                Fault::Tls(SafeText::new("its certificate is for another name")),
            ),
        ];
        for (error, expected) in table {
            assert_eq!(Fault::transport(&error), expected);
        }
    }
}
