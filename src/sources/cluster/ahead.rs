//! Asks for the next page of a list while the one before is still being read and parsed.
//!
//! An API server names the next page before the items of this one, so the request can leave as soon as that name has
//! arrived; server and client then work at the same time. Whoever reads the list notices nothing: when they ask for that
//! very page, they get its answer, a refusal included. One page ahead of each list, never more.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::ready;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::header::ACCEPT;
use hyper::body::Bytes;
use hyper::body::Frame;
use hyper::body::SizeHint;
use kube::Client;
use kube::client::Body;
use tower::Service;

use super::reader::escaped;

/// Bytes of a page, unpacked, among which the name of the next one is looked for.
const HEAD: usize = 4096;

/// What was asked ahead, by list: the token of the page, and its answer.
type Waiting = Arc<Mutex<BTreeMap<List, (String, Answer)>>>;
type Answer = BoxFuture<'static, kube::Result<Response<Body>>>;

/// A client that asks for pages ahead.
pub(super) struct Ahead {
    client: Client,
    waiting: Waiting,
}

impl Ahead {
    /// Sends everything through this client.
    pub(super) fn new(client: Client) -> Ahead {
        Ahead {
            client,
            waiting: Waiting::default(),
        }
    }
}

impl Service<Request<Body>> for Ahead {
    type Response = Response<Page>;
    type Error = kube::Error;
    type Future = BoxFuture<'static, kube::Result<Response<Page>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<kube::Result<()>> {
        // The client itself is waited for when it sends.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (client, waiting) = (self.client.clone(), Arc::clone(&self.waiting));
        let Some((list, token)) = List::of(&request) else {
            let answer = send(client, request);
            let plain = |body| Page { body, next: None };
            return answer.map(move |answer| Ok(answer?.map(plain))).boxed();
        };
        let answer = take(&waiting, &list, token.as_deref());
        let answer = answer.unwrap_or_else(|| send(client.clone(), request));
        let follow = |response: Response<Body>| {
            let next = response.status().is_success().then(|| Next {
                client,
                waiting,
                list,
                head: Vec::new(),
                page: None,
                ended: false,
            });
            response.map(|body| Page { body, next })
        };
        answer.map(|answer| Ok(follow(answer?))).boxed()
    }
}

fn send(client: Client, request: Request<Body>) -> Answer {
    async move { client.send(request).await }.boxed()
}

/// The answer that was asked ahead for this page of the list; whatever else waits for the list is given up.
fn take(waiting: &Waiting, list: &List, token: Option<&str>) -> Option<Answer> {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let (page, answer) = waiting.remove(list)?;
    (token == Some(page.as_str())).then_some(answer)
}

/// What is listed, and how: the same for every page of one list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct List {
    /// Path and query, without what names the page.
    base: String,
    /// The form that is asked for.
    accept: Option<Vec<u8>>,
}

impl List {
    /// The list that a request asks a page of, and the page's token as it stands in the query; none stands for the
    /// first. `None` when the request is none for a page.
    fn of(request: &Request<Body>) -> Option<(List, Option<String>)> {
        let query = request.uri().query().unwrap_or_default();
        let pairs = || query.split('&').filter(|pair| !pair.is_empty());
        let paged = pairs().any(|pair| pair.starts_with("limit="));
        if request.method() != Method::GET || !paged || pairs().any(|pair| pair == "watch=true") {
            return None;
        }
        let token = pairs().find_map(|pair| pair.strip_prefix("continue="));
        // The token tells the version as well; a server refuses a request that names both.
        let own =
            |pair: &&str| !pair.starts_with("continue=") && !pair.starts_with("resourceVersion");
        let same: Vec<&str> = pairs().filter(own).collect();
        let list = List {
            base: format!("{}?{}", request.uri().path(), same.join("&")),
            accept: request
                .headers()
                .get(ACCEPT)
                .map(|accept| accept.as_bytes().to_vec()),
        };
        Some((list, token.map(str::to_owned)))
    }

    /// The request for the page of this token; there is none for an empty one.
    fn page(&self, token: &str) -> Option<Request<Body>> {
        if token.is_empty() {
            return None;
        }
        let mut request = Request::get(format!("{}&continue={token}", self.base));
        if let Some(accept) = &self.accept {
            request = request.header(ACCEPT, HeaderValue::from_bytes(accept).ok()?);
        }
        request.body(Body::empty()).ok()
    }
}

/// The body of one answer; where it is a page, the next one is asked for while it is read.
pub(super) struct Page {
    body: Body,
    next: Option<Next>,
}

/// The page after the one that is being read.
struct Next {
    client: Client,
    waiting: Waiting,
    list: List,
    /// The beginning of the page that is being read; no longer filled once the next one is known.
    head: Vec<u8>,
    /// Its token, as it stands in a query, and its answer.
    page: Option<(String, Answer)>,
    /// True once the page that is being read is there whole.
    ended: bool,
}

impl Next {
    /// Looks for the name of the next page in what has come so far, and asks for it.
    fn look(&mut self, data: &[u8]) {
        if self.head.len() >= HEAD {
            return;
        }
        let room = HEAD - self.head.len();
        self.head.extend(data.iter().take(room));
        let Some(named) = token(&self.head) else {
            return;
        };
        self.head.resize(HEAD, 0);
        if let Some(request) = self.list.page(&named) {
            self.page = Some((named, send(self.client.clone(), request)));
        }
    }

    /// Lets the request go on.
    fn go_on(&mut self, cx: &mut Context<'_>) {
        if let Some((_, answer)) = &mut self.page
            && let Poll::Ready(come) = answer.as_mut().poll(cx)
        {
            *answer = ready(come).boxed();
        }
    }
}

impl Drop for Next {
    /// Leaves the answer to whoever asks for it; a list that broke off wants no more pages.
    fn drop(&mut self) {
        if let (Some(page), true) = (self.page.take(), self.ended) {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.insert(self.list.clone(), page);
        }
    }
}

/// The token of the next page as it stands in a query; empty when there is no next page or the list does not name
/// it before its items, `None` when more must be read to know.
fn token(head: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(head);
    let (metadata, _) = head.split_once("\"items\"")?;
    let found = metadata
        .split_once("\"continue\":\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(token, _)| token)
        .filter(|token| !token.is_empty() && !token.contains('\\'));
    Some(found.map(escaped).unwrap_or_default())
}

impl hyper::body::Body for Page {
    type Data = Bytes;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Some(next) = &mut self.next {
            match &frame {
                Poll::Ready(Some(Ok(frame))) => {
                    next.look(frame.data_ref().map_or(&[], Bytes::as_ref));
                }
                Poll::Ready(None) => next.ended = true,
                _ => {}
            }
            next.go_on(cx);
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
    use futures_util::StreamExt;
    use futures_util::stream;
    use http_body_util::BodyExt;
    use http_body_util::StreamBody;
    use tower::service_fn;

    use super::*;

    /// What was asked for, in order.
    type Asked = Arc<Mutex<Vec<String>>>;

    /// A server of one list: its page of 500, in two pieces, names a next page unless that is the one asked for; the
    /// token `gone` is refused.
    fn server(asked: &Asked) -> Client {
        let asked = Arc::clone(asked);
        let answer = move |request: Request<Body>| {
            let uri = request.uri().to_string();
            asked.lock().unwrap().push(uri.clone());
            let token = uri.split_once("continue=").map_or("", |(_, token)| token);
            let (status, next) = match token {
                "" => (200, "abc"),
                "abc" => (200, "gone"),
                _ => (410, ""),
            };
            let head = format!("{{\"metadata\":{{\"continue\":\"{next}\"}},\"items\":[");
            let pieces = [head, "]}".to_owned()]
                .map(|piece| Ok::<_, kube::Error>(Frame::data(Bytes::from(piece))));
            let body = StreamBody::new(stream::iter(pieces));
            ready(Ok::<_, kube::Error>(
                Response::builder().status(status).body(body).unwrap(),
            ))
        };
        Client::new(service_fn(answer), "")
    }

    fn ask(ahead: &mut Ahead, path: &str) -> BoxFuture<'static, kube::Result<Response<Page>>> {
        ahead.call(Request::get(path).body(Body::empty()).unwrap())
    }

    async fn whole(page: Response<Page>) -> (u16, String) {
        let status = page.status().as_u16();
        let bytes = page.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn the_next_page_is_asked_for_before_this_one_is_read_whole_and_only_once() {
        let asked = Asked::default();
        let mut ahead = Ahead::new(server(&asked));
        let first = "/api/v1/pods?limit=500";
        let page = ask(&mut ahead, &format!("{first}&resourceVersion=0"))
            .await
            .unwrap();
        let mut pieces = page.into_body().into_data_stream();
        pieces.next().await.unwrap().unwrap();
        // The request goes through the client's own queue; what it took from there stands in `asked`.
        while asked.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(asked.lock().unwrap()[1], format!("{first}&continue=abc"));
        while pieces.next().await.is_some() {}
        drop(pieces);
        let (status, text) = whole(
            ask(&mut ahead, &format!("{first}&continue=abc"))
                .await
                .unwrap(),
        )
        .await;
        assert_eq!((status, text.contains("gone")), (200, true));
        let (status, _) = whole(
            ask(&mut ahead, &format!("{first}&continue=gone"))
                .await
                .unwrap(),
        )
        .await;
        assert_eq!(status, 410, "a refusal comes to whoever asks for that page");
        assert_eq!(asked.lock().unwrap().len(), 3);
    }

    #[tokio::test]
    async fn a_list_that_begins_again_and_a_list_in_another_form_get_no_page_of_the_old_one() {
        let asked = Asked::default();
        let mut ahead = Ahead::new(server(&asked));
        let first = "/api/v1/pods?limit=500";
        whole(ask(&mut ahead, first).await.unwrap()).await;
        let request = Request::get(format!("{first}&continue=abc")).header(ACCEPT, "other");
        let other = ahead.call(request.body(Body::empty()).unwrap());
        whole(other.await.unwrap()).await;
        whole(ask(&mut ahead, first).await.unwrap()).await;
        let whole_lists = |asked: &Asked| {
            let asked = asked.lock().unwrap();
            asked.iter().filter(|uri| *uri == first).count()
        };
        assert_eq!(whole_lists(&asked), 2);
        let waits = ahead.waiting.lock().unwrap().len();
        assert_eq!(waits, 2, "one page of each list at most");
    }

    #[tokio::test]
    async fn a_list_that_breaks_off_leaves_nothing_behind() {
        let asked = Asked::default();
        let mut ahead = Ahead::new(server(&asked));
        let page = ask(&mut ahead, "/api/v1/pods?limit=500").await.unwrap();
        let mut pieces = page.into_body().into_data_stream();
        pieces.next().await.unwrap().unwrap();
        drop(pieces);
        assert!(ahead.waiting.lock().unwrap().is_empty());
    }

    #[test]
    fn a_token_is_known_once_the_items_begin_and_escaped_for_a_query() {
        assert_eq!(token(br#"{"metadata":{"continue":"a+b"#), None);
        let known = |text: &str| token(text.as_bytes());
        assert_eq!(
            known(r#"{"metadata":{"continue":"a+b="},"items":[]"#),
            Some("a%2Bb%3D".into())
        );
        assert_eq!(
            known(r#"{"metadata":{"resourceVersion":"7"},"items":[]"#),
            Some(String::new())
        );
        assert_eq!(
            known(r#"{"items":[],"metadata":{"continue":"x"}"#),
            Some(String::new())
        );
    }
}
