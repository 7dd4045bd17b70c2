//! What stands between kube and the wire: the bearer token, and a count of what is heard on each watch.

use std::future::Ready;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use futures_util::future::Either;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::header::AUTHORIZATION;
use http::header::CONTENT_TYPE;
use http::header::DATE;
use hyper::body::Body;
use hyper::body::Frame;
use hyper::body::SizeHint;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use tower::Service;
use zeroize::Zeroizing;

use crate::config::Secret;
use crate::config::Stamp;
use crate::config::TokenFile;
use crate::sources::fact::Watch;
use crate::sources::kinds::Kind;
use crate::sources::kinds::backup::Backup;
use crate::sources::kinds::delete_request::DeleteRequest;
use crate::sources::kinds::deployment::Deployment;
use crate::sources::kinds::kustomization::Kustomization;
use crate::sources::kinds::namespace::Namespace;
use crate::sources::kinds::node::Node;
use crate::sources::kinds::pod::Pod;
use crate::sources::kinds::restore::Restore;
use crate::sources::kinds::schedule::Schedule;
use crate::sources::kinds::store::Store;

/// The token of one sign-in, shared by every connection that uses it and replaced when it is renewed.
#[derive(Clone, Debug, Default)]
pub struct TokenSlot(Arc<RwLock<Held>>);

/// A token, and the file that it is read from anew whenever that file changes.
#[derive(Debug, Default)]
struct Held {
    token: Option<Secret>,
    file: Option<(TokenFile, Option<Stamp>)>,
    /// Whether nothing may be asked without it.
    needed: bool,
}

/// Nobody is signed in, so the request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody is signed in; nothing was sent")]
pub(in crate::sources) struct NobodySignedIn;

impl Held {
    /// True when the file is another one than was read last.
    fn stale(&self) -> bool {
        let file = self.file.as_ref();
        file.is_some_and(|(file, read)| file.stamp() != *read)
    }

    /// Reads the file again. What was last read stays when there is nothing to be read: the server says what it
    /// thinks of it.
    fn renew(&mut self) {
        let Some((file, read)) = &mut self.file else {
            return;
        };
        let stamp = file.stamp();
        if let Ok(token) = file.read() {
            self.token = Some(token);
            *read = stamp;
        }
    }
}

impl TokenSlot {
    /// A slot that holds a token.
    pub fn new(token: Secret) -> TokenSlot {
        TokenSlot(Arc::new(RwLock::new(Held {
            token: Some(token),
            ..Held::default()
        })))
    }

    /// The slot of a sign-in, empty: while it is, what goes by it is not sent, so that no cluster is ever asked by
    /// nobody.
    pub fn of_sign_in() -> TokenSlot {
        TokenSlot(Arc::new(RwLock::new(Held {
            needed: true,
            ..Held::default()
        })))
    }

    /// A slot that follows a file: whoever renews the token writes it there.
    pub fn file(file: &TokenFile) -> TokenSlot {
        let mut held = Held {
            token: None,
            file: Some((file.clone(), None)),
            ..Held::default()
        };
        held.renew();
        TokenSlot(Arc::new(RwLock::new(held)))
    }

    /// Puts another token in; requests from now on carry it. With `None` they carry none, or are not sent where it is
    /// the slot of a sign-in.
    pub fn set(&self, token: Option<Secret>) {
        self.0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .token = token;
    }

    /// Whether there is no token in it.
    pub fn is_empty(&self) -> bool {
        let held = self.0.read();
        let held = held.unwrap_or_else(std::sync::PoisonError::into_inner);
        held.token.is_none()
    }

    /// What a request carries, if anything.
    fn carried(&self) -> Result<Option<HeaderValue>, NobodySignedIn> {
        let header = self.header();
        let held = self.0.read();
        let held = held.unwrap_or_else(std::sync::PoisonError::into_inner);
        if held.needed && header.is_none() {
            return Err(NobodySignedIn);
        }
        Ok(header)
    }

    fn header(&self) -> Option<HeaderValue> {
        let read = || {
            self.0
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if read().stale() {
            self.0
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .renew();
        }
        let token = read().token.clone()?;
        let words = Zeroizing::new(format!("Bearer {}", token.expose()));
        let mut value = HeaderValue::from_str(&words).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Puts the bearer token on every request.
#[derive(Clone)]
pub(super) struct Bearer<S> {
    pub(super) inner: S,
    pub(super) token: TokenSlot,
}

impl<S, B> Service<Request<B>> for Bearer<S>
where
    S: Service<Request<B>>,
    S::Error: From<NobodySignedIn>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.token.carried() {
            Ok(Some(value)) => drop(request.headers_mut().insert(AUTHORIZATION, value)),
            Ok(None) => {}
            Err(nobody) => return Either::Right(ready(Err(nobody.into()))),
        }
        Either::Left(self.inner.call(request))
    }
}

/// What was heard on each watch: response heads and body bytes of successful answers to a watch, and of nothing else.
///
/// A page of a list proves nothing until the list is complete, an error is no sign of life, and a page of HTML comes
/// from something that stands between; what a complete list or a poll says counts when it is folded in.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    heard: [AtomicU64; Watch::ALL.len()],
    /// The newest `Date` of an answer, seconds since 1970; 0 once it was taken.
    date: AtomicI64,
}

impl Pulse {
    /// Watches that heard anything since the last call.
    pub fn heard(&self) -> Vec<Watch> {
        let beat = |(_, count): &(Watch, &AtomicU64)| count.swap(0, Ordering::Relaxed) > 0;
        Watch::ALL
            .into_iter()
            .zip(&self.0.heard)
            .filter(beat)
            .map(|(watch, _)| watch)
            .collect()
    }

    /// The server's clock as its newest answer since the last call told it, in seconds since 1970; `None` when none
    /// has.
    pub fn date(&self) -> Option<i64> {
        let date = self.0.date.swap(0, Ordering::Relaxed);
        (date != 0).then_some(date)
    }

    fn beat(&self, watch: Option<Watch>) {
        if let Some(at) =
            watch.and_then(|watch| Watch::ALL.into_iter().position(|one| one == watch))
        {
            self.0.heard[at].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The watch that a request asks for: `watch=true` on a collection that is watched.
fn watch_of(uri: &http::Uri) -> Option<Watch> {
    let mut query = uri.query().unwrap_or_default().split('&');
    if !query.any(|pair| pair == "watch=true") {
        return None;
    }
    [
        (Watch::Namespaces, collection::<Namespace>()),
        (Watch::Nodes, collection::<Node>()),
        (Watch::Deployments, collection::<Deployment>()),
        (Watch::Pods, collection::<Pod>()),
        (Watch::Stores, collection::<Store>()),
        (Watch::Schedules, collection::<Schedule>()),
        (Watch::Backups, collection::<Backup>()),
        (Watch::DeleteRequests, collection::<DeleteRequest>()),
        (Watch::Restores, collection::<Restore>()),
        (Watch::Kustomizations, collection::<Kustomization>()),
    ]
    .into_iter()
    .find(|(_, at)| at == uri.path())
    .map(|(watch, _)| watch)
}

fn collection<K: Kind>() -> String {
    match K::GROUP {
        "" => format!("/api/{}/{}", K::VERSION, K::PLURAL),
        group => format!("/apis/{group}/{}/{}", K::VERSION, K::PLURAL),
    }
}

/// True unless the answer says that it is something else than JSON.
pub(in crate::sources) fn is_json(headers: &http::HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_none_or(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")))
}

/// When the server says that it answered, by its own clock.
pub(super) fn date(headers: &http::HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(rfc2822::parse(text).ok()?.timestamp())
}

/// Counts what is heard.
#[derive(Clone)]
pub(super) struct Listen<S> {
    pub(super) inner: S,
    pub(super) pulse: Pulse,
}

impl<S, A, B> Service<Request<A>> for Listen<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<Heard<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let watch = watch_of(request.uri());
        let (answer, pulse) = (self.inner.call(request), self.pulse.clone());
        Box::pin(async move {
            let response = answer.await?;
            let watch =
                watch.filter(|_| response.status().is_success() && is_json(response.headers()));
            pulse.beat(watch);
            if let Some(date) = date(response.headers()) {
                pulse.0.date.store(date.as_second(), Ordering::Relaxed);
            }
            Ok(response.map(|body| Heard { body, watch, pulse }))
        })
    }
}

/// A body that tells the pulse of each piece as it arrives.
pub(super) struct Heard<B> {
    body: B,
    watch: Option<Watch>,
    pulse: Pulse,
}

impl<B: Body<Data = hyper::body::Bytes> + Unpin> Body for Heard<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(_))) = &frame {
            self.pulse.beat(self.watch);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_date_of_any_answer_is_told_once() {
        let mut headers = http::HeaderMap::new();
        assert_eq!(date(&headers), None);
        headers.insert(DATE, "Sat, 15 Aug 2026 04:54:10 GMT".parse().unwrap());
        let at = date(&headers).unwrap();
        assert_eq!(at.to_string(), "2026-08-15T04:54:10Z");
        let pulse = Pulse::default();
        assert_eq!(pulse.date(), None);
        pulse.0.date.store(at.as_second(), Ordering::Relaxed);
        assert_eq!(pulse.date(), Some(at.as_second()));
        assert_eq!(pulse.date(), None, "it grows old meanwhile");
    }

    #[test]
    fn the_empty_slot_of_a_sign_in_sends_nothing_and_any_other_goes_without() {
        let slot = TokenSlot::of_sign_in();
        assert_eq!(slot.carried(), Err(NobodySignedIn));
        slot.set(Some(Secret::new("one")));
        assert_eq!(slot.carried().unwrap().unwrap(), "Bearer one");
        slot.set(None);
        assert_eq!(
            (slot.carried(), slot.is_empty()),
            (Err(NobodySignedIn), true)
        );
        assert_eq!(
            TokenSlot::default().carried(),
            Ok(None),
            "a certificate may do"
        );
    }

    #[test]
    fn a_token_file_is_followed_and_what_was_last_read_stays() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("token");
        let write = |text: &str| {
            // Replaced by a name, as a kubelet does it.
            std::fs::write(path.with_extension("next"), text).unwrap();
            std::fs::rename(path.with_extension("next"), &path).unwrap();
        };
        write("first\n");
        let slot = TokenSlot::file(&TokenFile::new(&path));
        let sent = || slot.header().unwrap();
        assert_eq!(sent(), "Bearer first");
        write("second\n");
        assert_eq!(sent(), "Bearer second");
        write("two\nlines\n");
        assert_eq!(sent(), "Bearer second", "that is no token");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(sent(), "Bearer second");
        write("third\n");
        assert_eq!(sent(), "Bearer third");
    }
}
