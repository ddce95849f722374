//! Mail, by SMTP.

use std::future::Future;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use process::config::ConfigError;
use process::{HumanDuration, Secret};
use serde::Deserialize;

/// Section `notices`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// The server: `smtps://user:password@mail.example.com`, or `smtp://…:587?tls=required`. None: nobody is told.
    pub smtp_url: Option<Secret>,
    /// Who writes: `Webhooks <webhooks@example.com>`.
    pub from: String,
    /// How long an endpoint does nothing but fail before its account is told.
    pub after: HumanDuration,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self { smtp_url: None, from: String::new(), after: HumanDuration(Duration::from_secs(600)) }
    }
}

impl MailSettings {
    /// What sends mails; none if no server is configured.
    ///
    /// # Errors
    /// Names the setting that will not do.
    pub(crate) fn smtp(&self) -> Result<Option<Smtp>, ConfigError> {
        let Some(url) = &self.smtp_url else { return Ok(None) };
        let from = self.from.parse();
        let from = from.map_err(|_| {
            ConfigError::invalid("notices.from", "must be an address: Webhooks <webhooks@example.com>")
        })?;
        // What the library says of a URL may hold the password.
        let invalid = "must be smtps://user:password@host, or smtp://user:password@host:587?tls=required";
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .map_err(|_| ConfigError::invalid("notices.smtp_url", invalid))?;
        Ok(Some(Smtp { from, transport: transport.timeout(Some(PATIENCE)).build() }))
    }
}

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
}

/// What sends mails.
pub(crate) trait Post: Send + Sync + 'static {
    /// Sends a mail, and says why it could not.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<(), String>> + Send;
}

/// Sends by a server.
pub(crate) struct Smtp {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Post for Smtp {
    async fn send(&self, mail: &Mail) -> Result<(), String> {
        let to: Mailbox = mail.to.parse().map_err(|_| "the contact's address is none".to_owned())?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            // Nobody's holiday is to answer it.
            .header(AutoSubmitted)
            .subject(mail.subject.as_str())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|error| error.to_string())?;
        self.transport.send(message).await.map(drop).map_err(|error| error.to_string())
    }
}

/// RFC 3834.
#[derive(Clone)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    fn settings(url: &str) -> MailSettings {
        let toml = format!("smtp_url = '{url}'\nfrom = 'Hooks <hooks@post.example>'");
        process::config::from_toml(&toml).unwrap()
    }

    /// A server that takes one mail: its lines, from the envelope on.
    async fn server(listener: TcpListener) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let (mut lines, mut told, mut in_data) = (BufReader::new(read).lines(), Vec::new(), false);
        write.write_all(b"220 here\r\n").await.unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            let answer: &[u8] = match line.as_str() {
                "." => {
                    in_data = false;
                    b"250 taken\r\n"
                }
                _ if in_data => b"",
                "DATA" => {
                    in_data = true;
                    b"354 go on\r\n"
                }
                "QUIT" => break,
                _ => b"250 well\r\n",
            };
            let ended = line == ".";
            told.push(line);
            write.write_all(answer).await.unwrap();
            if ended {
                break;
            }
        }
        told
    }

    #[tokio::test]
    async fn a_mail_arrives_with_its_subject_and_text_and_says_that_a_machine_wrote_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let smtp = settings(&url).smtp().unwrap().unwrap();
        let mail = Mail {
            to: "ops@acme.example".to_owned(),
            subject: "Webhook faalt".to_owned(),
            text: "Hallo,\n.\nEén regel".to_owned(),
        };
        let (told, sent) = tokio::join!(server(listener), smtp.send(&mail));
        sent.unwrap();
        for line in [
            "MAIL FROM:<hooks@post.example>",
            "RCPT TO:<ops@acme.example>",
            "Subject: Webhook faalt",
            "Auto-Submitted: auto-generated",
            "..",
        ] {
            assert!(told.iter().any(|it| it.starts_with(line)), "{line} in {told:#?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_told_of() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        drop(listener);
        let smtp = settings(&url).smtp().unwrap().unwrap();
        let mail = Mail { to: "ops@acme.example".to_owned(), subject: String::new(), text: String::new() };
        assert!(smtp.send(&mail).await.is_err());
    }

    #[test]
    fn settings_that_will_not_do_are_named_and_not_shown() {
        assert!(MailSettings::default().smtp().unwrap().is_none());
        let wrong = settings("http://u:geheim@h").smtp().err().unwrap().to_string();
        assert!(wrong.starts_with("notices.smtp_url: ") && !wrong.contains("geheim"), "{wrong}");
        let from = MailSettings { from: "nobody".to_owned(), ..settings("smtp://h") };
        assert!(from.smtp().err().unwrap().to_string().starts_with("notices.from: "));
    }
}
