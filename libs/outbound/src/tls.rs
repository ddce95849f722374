//! TLS of the client: aws-lc-rs, the system's roots, and a session store that tells when the handshake begins.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, NamedGroup};
use rustls_platform_verifier::Verifier;

use crate::probe::{self, Mark};

/// How many endpoints' sessions are remembered for resumption.
const SESSIONS: usize = 10_000;

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// `outbound.ca_file` cannot be read.
    #[error("outbound.ca_file: {0} holds no readable PEM certificates: {1}")]
    CaFile(PathBuf, String),
    /// The system has no certificates, or one of the roots is unusable.
    #[error("no roots to verify endpoints with: {0}; install ca-certificates or set outbound.ca_file")]
    Roots(rustls::Error),
}

/// Names its provider itself, so that no process-wide default is needed.
pub(crate) fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let extra = ca_file.map(read_roots).transpose()?.unwrap_or_default();
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(TlsError::Roots)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Roots)?
        .dangerous() // Named so for any verifier given by hand; this is the system's.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::store(Arc::new(ProbedSessions(ClientSessionMemoryCache::new(SESSIONS))));
    Ok(config)
}

fn read_roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |why: String| TlsError::CaFile(path.to_owned(), why);
    let roots: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(error.to_string()))?;
    if roots.is_empty() { Err(unreadable("it is empty".to_owned())) } else { Ok(roots) }
}

/// rustls asks for the key-exchange hint first thing in a handshake: the only sign between an open TCP connection
/// and an open TLS one that reqwest's connector lets through.
struct ProbedSessions(ClientSessionMemoryCache);

impl fmt::Debug for ProbedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProbedSessions")
    }
}

impl ClientSessionStore for ProbedSessions {
    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        if let Some(probe) = probe::current() {
            probe.mark(Mark::Handshaking);
        }
        self.0.kx_hint(server)
    }

    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server, group);
    }

    fn set_tls12_session(&self, server: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.0.set_tls12_session(server, value);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.0.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(server, value);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.take_tls13_ticket(server)
    }
}
