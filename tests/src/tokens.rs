//! An identity provider, as OAUTHBEARER asks one: gives whoever knows a client's secret a token that says who that is, which ends
//! soon. It goes away when it is told to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::Listener;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertifiedKey, KeyPair};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// The name of the key that signs.
const KEY: &str = "first";
/// Who gives tokens and for whom, as `scripts/kafka` expects it.
const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "kafka";

/// An identity provider on loopback, over TLS. Its clients are called `<user>-client`, and their secrets are `<user>-secret` until
/// they get another.
pub struct IdentityProvider {
    address: SocketAddr,
    folder: TempDir,
    acceptor: TlsAcceptor,
    desk: Arc<Desk>,
    open: Mutex<Option<JoinHandle<()>>>,
}

struct Desk {
    key: EncodingKey,
    lifetime: Duration,
    secrets: Mutex<BTreeMap<String, String>>,
    given: Mutex<BTreeMap<String, usize>>,
}

impl IdentityProvider {
    /// Opens one whose tokens are good for so long.
    pub async fn start(lifetime: Duration) -> Self {
        let CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let private = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let tls = tls.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let tls = tls.with_single_cert(vec![cert.der().clone()], private).unwrap();
        let key = EncodingKey::from_ec_der(&KeyPair::generate().unwrap().serialize_der());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
        public.common.key_id = Some(KEY.to_owned());
        let folder = tempfile::tempdir().unwrap();
        let keys = serde_json::to_vec(&JwkSet { keys: vec![public] }).unwrap();
        std::fs::write(folder.path().join("keys.json"), keys).unwrap();
        std::fs::write(folder.path().join("ca.crt"), cert.pem()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            address: listener.local_addr().unwrap(),
            folder,
            acceptor: TlsAcceptor::from(Arc::new(tls)),
            desk: Arc::new(Desk { key, lifetime, secrets: Mutex::default(), given: Mutex::default() }),
            open: Mutex::default(),
        };
        provider.serve(listener);
        provider
    }

    /// Where tokens are asked for.
    pub fn token_endpoint(&self) -> String {
        format!("https://{}/token", self.address)
    }

    /// The certificate to trust in there.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// The public keys, a JWKS, by which its tokens are judged.
    pub fn keys(&self) -> PathBuf {
        self.folder.path().join("keys.json")
    }

    /// Gives a user's client another secret.
    pub fn set_secret(&self, user: &str, secret: &str) {
        self.desk.secrets.lock().unwrap().insert(user.to_owned(), secret.to_owned());
    }

    /// How many tokens a user's client has got.
    pub fn given_to(&self, user: &str) -> usize {
        self.desk.given.lock().unwrap().get(user).copied().unwrap_or(0)
    }

    /// Answers nobody from now on: connections are refused.
    pub async fn go_away(&self) {
        let serving = self.open.lock().unwrap().take().unwrap();
        serving.abort();
        let _ = serving.await;
    }

    /// Is there again, under the same address.
    pub async fn come_back(&self) {
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }

    fn serve(&self, listener: TcpListener) {
        let router = Router::new().route("/token", post(give)).with_state(Arc::clone(&self.desk));
        let door = Door { listener, acceptor: self.acceptor.clone() };
        let serving = tokio::spawn(async move { axum::serve(door, router).await.unwrap() });
        *self.open.lock().unwrap() = Some(serving);
    }
}

/// The client-credentials grant of RFC 6749, section 4.4.
async fn give(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: String) -> Response {
    let refused = |error: &str| (StatusCode::UNAUTHORIZED, Json(json!({"error": error}))).into_response();
    if !body.split('&').any(|field| field == "grant_type=client_credentials") {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "unsupported_grant_type"}))).into_response();
    }
    let Some(user) = desk.known(&headers) else { return refused("invalid_client") };
    let now = jsonwebtoken::get_current_timestamp();
    let seconds = desk.lifetime.as_secs();
    let claims = json!({
        "iss": ISSUER, "sub": user, "aud": AUDIENCE, "iat": now, "exp": now + seconds, "scope": "kafka",
    });
    let header = Header { kid: Some(KEY.to_owned()), ..Header::new(Algorithm::ES256) };
    let token = jsonwebtoken::encode(&header, &claims, &desk.key).unwrap();
    *desk.given.lock().unwrap().entry(user).or_default() += 1;
    Json(json!({"access_token": token, "token_type": "Bearer", "expires_in": seconds})).into_response()
}

impl Desk {
    /// Who asks, if the secret is that client's.
    fn known(&self, headers: &HeaderMap) -> Option<String> {
        let basic = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
        let pair = String::from_utf8(STANDARD.decode(basic).ok()?).ok()?;
        let (client, secret) = pair.split_once(':')?;
        let user = client.strip_suffix("-client")?;
        let secrets = self.secrets.lock().unwrap();
        let its = secrets.get(user).cloned().unwrap_or_else(|| format!("{user}-secret"));
        (secret == its).then(|| user.to_owned())
    }
}

/// Takes connections once they speak TLS; others are hung up on.
struct Door {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Door {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((connection, from)) = self.listener.accept().await else { continue };
            if let Ok(secure) = self.acceptor.accept(connection).await {
                return (secure, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
