//! Reads the names of a Secret's keys: the only request of this program whose answer holds the values of a Secret.
//!
//! kube's own decoding is not used here: it writes a body that it cannot decode into the log of the process.

use std::hint::black_box;

use http::Request;
use http::header::ACCEPT;
use kube::client::Body;

use super::Link;
use super::fault::Fault;
use super::reader::message;
use crate::sources::op::Gvr;
use crate::sources::secret::SecretKeys;
use crate::sources::secret::SecretRef;
use crate::text::SafeText;

impl Link {
    /// The names of a Secret's keys, and how long each value is. Whoever calls this has recorded the view before.
    ///
    /// # Errors
    /// Why they could not be read, in words that hold nothing of the Secret.
    pub async fn secret_keys(&self, which: &SecretRef) -> Result<SecretKeys, SafeText> {
        let path = Gvr::new("", "v1", "secrets").path(Some(&which.namespace), Some(&which.name));
        let failed = |fault: Fault| {
            let more = match &fault {
                Fault::Forbidden(_) => {
                    "; no role of crashcart gives it: ask the keeper of that namespace for get on this one Secret"
                }
                _ => "",
            };
            SafeText::from(format!("Secret {which} could not be read: {fault}{more}"))
        };
        let request = Request::get(path).header(ACCEPT, "application/json");
        let request = request
            .body(Body::empty())
            .map_err(|error| failed(Fault::transport(&error)))?;
        let answer = self.reader().kube().send(request).await;
        let answer = answer.map_err(|error| failed(Fault::of(&error)))?;
        let status = answer.status();
        let body = answer.into_body().collect_bytes().await;
        let body = body.map_err(|error| failed(Fault::of(&error)))?;
        if !status.is_success() {
            return Err(failed(Fault::status(status.as_u16(), &message(&body))));
        }
        let keys = serde_json::from_slice::<SecretKeys>(&body);
        if let Ok(mut body) = body.try_into_mut() {
            body.fill(0);
            black_box(&body);
        }
        // The parser's own words may quote what it stumbled over.
        keys.map_err(|_| SafeText::from(format!("what answered for Secret {which} is no Secret")))
    }
}
