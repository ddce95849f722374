//! TLS: verified, or nothing is sent. No process-wide provider is installed in these tests.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Outcome, Phase};
use outbound::{Outbound, OutboundSettings, SetupError};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::receiver::{
    FixedClock, OK, Receiver, ScriptedDns, client_asking, loopback, post, post_within, read_request,
};

const NAME: &str = "hooks.example.com";

/// An HTTPS endpoint with a certificate of its own, for `hooks.example.com`.
struct Endpoint {
    receiver: Receiver,
    pem: String,
    /// The protocol that the last handshake settled on.
    negotiated: Arc<Mutex<Vec<u8>>>,
}

impl Endpoint {
    async fn start() -> Self {
        Self::speaking(&[]).await
    }

    /// With these ALPN protocols; only HTTP/1.1 is really spoken.
    async fn speaking(protocols: &[&[u8]]) -> Self {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let negotiated = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&negotiated);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let receiver = Receiver::start(move |stream| {
            let (acceptor, sink) = (acceptor.clone(), Arc::clone(&sink));
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                *sink.lock().unwrap() = stream.get_ref().1.alpn_protocol().unwrap_or_default().to_vec();
                while read_request(&mut stream).await.is_some() {
                    stream.write_all(OK).await.unwrap();
                }
            }
        })
        .await;
        Self { receiver, pem: made.cert.pem(), negotiated }
    }

    /// Settings that trust this endpoint's certificate.
    fn trusted(&self) -> (OutboundSettings, tempfile::NamedTempFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(self.pem.as_bytes()).unwrap();
        (OutboundSettings { ca_file: Some(file.path().to_owned()), ..loopback() }, file)
    }

    fn url(&self, name: &str) -> String {
        format!("https://{name}:{}/hook", self.receiver.address.port())
    }
}

fn connect(settings: &OutboundSettings) -> Outbound {
    client_asking(settings, ScriptedDns::answering(&[&["127.0.0.1"]]))
}

#[tokio::test]
async fn a_trusted_endpoint_is_called_and_every_phase_is_known() {
    let endpoint = Endpoint::start().await;
    let (settings, _file) = endpoint.trusted();
    let client = connect(&settings);
    let exchange = post(&client, &endpoint.url(NAME)).await;
    assert_eq!(exchange.outcome.status(), Some(200), "{:?}", exchange.outcome);
    let phases = exchange.phases;
    let parts = [phases.dns, phases.connect, phases.tls, phases.first_byte, phases.body];
    assert!(parts.iter().all(Option::is_some), "{phases:?}");
    assert!(parts.into_iter().flatten().sum::<Duration>() <= phases.total, "{phases:?}");
    assert_eq!(post(&client, &endpoint.url(NAME)).await.connection_reused, Some(true));
}

#[tokio::test]
async fn http_2_is_offered_first_and_http_1_taken_where_it_is_all_there_is() {
    for (protocols, settled) in [(&[&b"http/1.1"[..], b"h2"][..], &b"http/1.1"[..]), (&[b"h2"], b"h2")] {
        let endpoint = Endpoint::speaking(protocols).await;
        let (settings, _file) = endpoint.trusted();
        post_within(&connect(&settings), &endpoint.url(NAME), 300).await;
        assert_eq!(*endpoint.negotiated.lock().unwrap(), settled);
    }
}

#[tokio::test]
async fn an_unknown_issuer_and_a_wrong_name_are_tls_failures() {
    let endpoint = Endpoint::start().await;
    let exchange = post(&connect(&loopback()), &endpoint.url(NAME)).await;
    assert!(matches!(exchange.outcome, Outcome::TlsFailed(_)), "{:?}", exchange.outcome);
    let (settings, _file) = endpoint.trusted();
    let exchange = post(&connect(&settings), &endpoint.url("other.example.com")).await;
    assert!(matches!(exchange.outcome, Outcome::TlsFailed(_)), "{:?}", exchange.outcome);
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_a_tls_failure() {
    let garbage = Receiver::start(|mut stream| async move {
        stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
        sleep(Duration::from_millis(200)).await;
    })
    .await;
    let silent = Receiver::start(|stream| async move { drop(stream) }).await;
    for receiver in [garbage, silent] {
        let url = format!("https://{}/", receiver.address);
        let exchange = post(&connect(&loopback()), &url).await;
        assert!(matches!(exchange.outcome, Outcome::TlsFailed(_)), "{:?}", exchange.outcome);
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_is_told_from_a_connect_that_hangs() {
    let receiver = Receiver::start(|stream| async move {
        sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let url = format!("https://{}/", receiver.address);
    let exchange = post_within(&connect(&loopback()), &url, 300).await;
    assert_eq!(exchange.outcome, Outcome::TimedOut(Phase::Tls));
    let settings = OutboundSettings { connect_timeout: Duration::from_millis(300), ..loopback() };
    assert_eq!(post(&connect(&settings), &url).await.outcome, Outcome::TimedOut(Phase::Tls));
}

#[tokio::test]
async fn a_file_without_certificates_is_refused_by_name() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = OutboundSettings { ca_file: Some(file.path().to_owned()), ..loopback() };
    let error = Outbound::new(&settings, Arc::new(FixedClock)).err().unwrap();
    assert!(matches!(error, SetupError::Tls(_)));
    assert!(error.to_string().contains("outbound.ca_file"), "{error}");
}
