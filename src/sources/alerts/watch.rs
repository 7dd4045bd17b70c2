//! Polls Alertmanager through the API server's service proxy, every 30 s.

use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::NAMESPACE;
use super::SERVICES;
use super::read;
use crate::sources::cluster::Link;
use crate::sources::cluster::fault::Fault;
use crate::sources::fact::Fact;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::text::SafeText;

const EVERY: Duration = Duration::from_secs(30);
/// How soon it is asked again when an answer failed: one bad answer must not make it late.
const AGAIN: Duration = Duration::from_secs(5);
/// How often it is looked for while there is none.
const SLOW: Duration = Duration::from_secs(60);

/// Polls until the receiver is gone.
pub(in crate::sources) async fn poll(link: &Link, tx: &Sender<Fact>) {
    loop {
        let (fact, pause) = match ask(link).await {
            Ok(fact) => (fact, EVERY),
            Err(fault) => {
                let news = fault.news();
                let shut = matches!(news, WatchNews::NotInstalled | WatchNews::Forbidden(_));
                (
                    Fact::Watch(Watch::Alerts, news),
                    if shut { SLOW } else { AGAIN },
                )
            }
        };
        if tx.send(fact).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

/// Asks each service in turn; one that is not there is passed over.
async fn ask(link: &Link) -> Result<Fact, Fault> {
    let mut refused = None;
    for service in SERVICES {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/services/{service}/proxy/api/v2/alerts");
        match link.reader().get_text(&path).await {
            Ok(body) => {
                let answer =
                    read(body.as_bytes()).map_err(|words| Fault::Failed(SafeText::from(words)))?;
                return Ok(Fact::Alerts(answer));
            }
            Err(Fault::NotFound) => {}
            Err(fault @ Fault::Forbidden(_)) => refused = refused.or(Some(fault)),
            Err(fault) => return Err(fault),
        }
    }
    Err(refused.unwrap_or(Fault::NotFound))
}
