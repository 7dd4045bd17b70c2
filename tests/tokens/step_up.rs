//! Proving anew who one is, at the simulated issuer's second client; and every token that is no proof.

use crashcart::auth::AuthError;
use crashcart::auth::oidc;
use crashcart::auth::oidc::Answer;
use crashcart::auth::oidc::Issuer;
use crashcart::auth::oidc::Poll;
use crashcart::auth::step_up::Proof;
use crashcart::auth::step_up::StepUpError;
use crashcart::auth::step_up::Wanted;
use crashcart::config::Flow;
use crashcart::config::Identity;
use crashcart::config::Pem;
use crashcart::config::Secret;
use crashcart::sim::clock::Clock;
use crashcart::sim::issuer::Alone;
use crashcart::sim::issuer::Manners;
use crashcart::sim::issuer::Settings;
use crashcart::sim::people::People;
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What proofs are for.
pub(crate) const APPROVE: &str = "crashcart-approve";
/// What a console signs in as.
pub(crate) const CONSOLE: &str = "crashcart";

/// An issuer and its clock, which stands until it is moved.
pub(crate) struct Office {
    pub(crate) alone: Alone,
    clock: Clock,
}

impl Office {
    pub(crate) async fn open(settings: Settings) -> Office {
        let clock = Clock::manual(Clock::real(1).now());
        let people = Arc::new(People::new(7));
        let alone = Alone::start(people, clock.clone(), 7, settings).await;
        Office {
            alone: alone.unwrap(),
            clock,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn identity(&self, client_id: &str) -> Identity {
        Identity {
            name: "sim".to_owned(),
            issuer: self.alone.url().to_owned(),
            place: "crashcart.toml line 6".to_owned(),
            ca: Some(Pem::new(Path::new("issuer.crt"), self.alone.ca().as_bytes()).unwrap()),
            client_id: client_id.to_owned(),
            flow: Flow::Device,
            loopback_on_shared_host: false,
            groups_claim: "groups".to_owned(),
            person_claim: None,
        }
    }

    pub(crate) async fn client(&self, client_id: &str) -> Issuer {
        let identity = self.identity(client_id);
        oidc::discover(&identity, oidc::DEADLINE).await.unwrap()
    }

    fn wanted(&self, acr: &str) -> Wanted {
        Wanted {
            nonce: Secret::new("plan-9c1e77f04ab2d3c80e5591b76a2fc404"),
            asked_at: self.now(),
            acr: Some(acr.to_owned()),
        }
    }

    /// What a client makes of a step-up that bob allows at once.
    async fn answered(&self, client: &mut Issuer, wanted: &Wanted) -> Result<Answer, StepUpError> {
        let grant = client.start_step_up(wanted, self.now()).await?;
        let code = grant.prompt.user_code.as_str();
        client.answer_simulated(code, Some("bob")).await?;
        client.poll_step_up(&grant, wanted, self.now()).await
    }

    async fn proof(&self, wanted: &Wanted) -> Proof {
        let mut client = self.client(APPROVE).await;
        match self.answered(&mut client, wanted).await {
            Ok(Answer::Proved(proof)) => *proof,
            other => panic!("{other:?}"),
        }
    }

    /// An ordinary sign-in, with its tokens.
    pub(crate) async fn signed_in(
        &self,
        client: &mut Issuer,
    ) -> (crashcart::auth::Session, crashcart::auth::Tokens) {
        let grant = client.start_device(self.now()).await.unwrap();
        let code = grant.prompt.user_code.as_str();
        client.answer_simulated(code, Some("bob")).await.unwrap();
        match client.poll_once(&grant, self.now()).await.unwrap() {
            Poll::Done(done) => *done,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_proof_says_who_when_and_how_and_is_tied_to_what_was_asked() {
    let office = Office::open(Settings::default()).await;
    let wanted = office.wanted("2");
    office.pass(7);
    let proof = office.proof(&wanted).await;
    assert_eq!(proof.person().login, "bob@meridian.test");
    assert_eq!(proof.auth_time().as_second(), office.now().as_second());
    assert_eq!(proof.acr(), Some("2"));
    assert!(!format!("{proof:?}").contains(proof.token().expose()));
    // The same token can be checked by somebody else who wants the same.
    let mut elsewhere = office.client(APPROVE).await;
    assert!(
        elsewhere
            .prove(proof.token(), &wanted, office.now())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_waiting_and_a_denied_proof_are_told_apart() {
    let office = Office::open(Settings::default()).await;
    let mut client = office.client(APPROVE).await;
    let wanted = office.wanted("2");
    let grant = client.start_step_up(&wanted, office.now()).await.unwrap();
    let answer = client.poll_step_up(&grant, &wanted, office.now()).await;
    assert!(matches!(answer, Ok(Answer::Waiting { slower: false })));
    let code = grant.prompt.user_code.as_str();
    client.answer_simulated(code, None).await.unwrap();
    office.pass(2);
    let answer = client.poll_step_up(&grant, &wanted, office.now()).await;
    assert!(matches!(answer, Ok(Answer::Denied)), "{answer:?}");
}

#[tokio::test]
async fn every_token_that_is_no_proof_is_refused_in_its_own_words() {
    let office = Office::open(Settings::default()).await;
    let wanted = office.wanted("2");
    let proof = office.proof(&wanted).await;
    let mut approve = office.client(APPROVE).await;
    let mut console = office.client(CONSOLE).await;
    let (_, login) = office.signed_in(&mut console).await;
    let (session, first) = office.signed_in(&mut approve).await;
    let renewed = approve.refresh(&first, &session.person, office.now()).await;
    let (_, renewed) = renewed.unwrap();
    let another = Wanted {
        nonce: Secret::new("another plan"),
        ..wanted.clone()
    };
    let later = Wanted {
        asked_at: office.now() + jiff::SignedDuration::from_secs(61),
        ..wanted.clone()
    };
    let other_way = Wanted {
        acr: Some("gold".to_owned()),
        ..wanted.clone()
    };
    let foreign = Secret::new(&format!("{}x", proof.token().expose()));
    let mut said = Vec::new();
    for (name, token, wanted) in [
        ("another deed", proof.token(), &another),
        ("proved before it was asked for", proof.token(), &later),
        ("another way", proof.token(), &other_way),
        ("a login", &login.id, &wanted),
        ("a renewed one", &renewed.id, &wanted),
        ("a broken one", &foreign, &wanted),
    ] {
        let refused = approve.prove(token, wanted, office.now()).await;
        let words = refused.err().unwrap_or_else(|| panic!("{name} is taken"));
        let words = words.to_string();
        assert!(
            words.len() > 40 && !words.contains(token.expose()),
            "{name}: {words}"
        );
        assert!(
            !said.contains(&words),
            "{name} has no words of its own: {words}"
        );
        said.push(words);
    }
    office.pass(3_600);
    let ended = approve.prove(proof.token(), &wanted, office.now()).await;
    assert!(ended.is_err(), "an ended one");
}

#[tokio::test]
async fn an_issuer_that_says_neither_when_nor_how_gives_no_proof() {
    let office = Office::open(Settings {
        manners: Manners::Dex,
        ..Settings::default()
    })
    .await;
    let mut client = office.client(APPROVE).await;
    let wanted = office.wanted("2");
    let refused = office.answered(&mut client, &wanted).await;
    assert!(matches!(refused, Err(StepUpError::Auth(_))), "{refused:?}");
}

#[tokio::test]
async fn at_id_08_an_approval_is_no_login_and_a_login_no_approval() {
    let office = Office::open(Settings::default()).await;
    let wanted = office.wanted("2");
    let proof = office.proof(&wanted).await;
    // No cluster takes it ..
    let cluster = office.alone.issuer().verify(proof.token().expose());
    assert!(cluster.unwrap_err().contains("expected audience"));
    // .. and no console: the token is another client's, by its audience and by its party.
    let mut console = office.client(CONSOLE).await;
    let refused = console.prove(proof.token(), &wanted, office.now()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(&refused, StepUpError::Auth(AuthError::WrongAudience { .. })),
        "{refused}"
    );
    let (_, login) = office.signed_in(&mut console).await;
    let mut approve = office.client(APPROVE).await;
    let refused = approve.prove(&login.id, &wanted, office.now()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(&refused, StepUpError::Auth(AuthError::WrongAudience { .. })),
        "{refused}"
    );
    // The second factor that bob used for the approval shows in his browser's session, and in a renewal of the console:
    // that is no proof either.
    let (session, tokens) = office.signed_in(&mut console).await;
    office.proof(&office.wanted("2")).await;
    let renewed = console
        .refresh(&tokens, &session.person, office.now())
        .await;
    let (_, renewed) = renewed.unwrap();
    assert!(
        approve
            .prove(&renewed.id, &wanted, office.now())
            .await
            .is_err()
    );
}
